-- one_time_tokens | auth (the address named) | auth (the token named) | user | api
-- select          | ✔                        | ✔                      |      |
-- insert          | ✔                        |                        |      |
-- update          |                          |                        |      |
-- delete          | ✔ expired ones           | ✔ it is used           |      |
--
-- A token is made by its address, by who asks for mail to it, and used by its hash, inside app.begin_token. Nobody who is
-- signed in reaches any, their own included: they would prove an address without its mail. What is still good is not deleted by
-- its address: asking again leaves it.

grant select (token_hash, kind, email, user_id, full_name, password_hash, expires_at),
  insert (token_hash, kind, email, user_id, full_name, password_hash, expires_at), delete on app.one_time_tokens to insightforge_auth;

create policy one_time_tokens_select_auth on app.one_time_tokens for select to insightforge_auth
  using (email = app.subject() or token_hash = app.subject());
create policy one_time_tokens_insert_auth on app.one_time_tokens for insert to insightforge_auth
  with check (email = app.subject());
create policy one_time_tokens_delete_auth on app.one_time_tokens for delete to insightforge_auth
  using (token_hash = app.subject() or email = app.subject() and expires_at <= now());
