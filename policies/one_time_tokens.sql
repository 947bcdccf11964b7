-- one_time_tokens | auth (mail to the address) | auth (the token named) | auth (the day named) | user | api
-- select          |                          | ✔                      |                      |      |
-- insert          | ✔                        |                        |                      |      |
-- update          |                          | ✔ use it               |                      |      |
-- delete          |                          |                        | ✔ expired on it      |      |
--
-- A token is made in the name of the address that it is sent to, and used by its hash, inside app.begin_token: once, as a used
-- one is out of sight of an update. Nobody who is signed in reaches any, their own included: they would prove an address without
-- its mail. What is still good is never removed: asking again leaves it.

grant select (token_hash, kind, email, user_id, full_name, password_hash, expires_at, used_at),
  insert (token_hash, kind, email, user_id, full_name, password_hash, expires_at, expires_on),
  update (password_hash, used_at), delete on app.one_time_tokens to insightforge_auth;

create policy one_time_tokens_select_auth on app.one_time_tokens for select to insightforge_auth using (token_hash = app.subject());
create policy one_time_tokens_insert_auth on app.one_time_tokens for insert to insightforge_auth with check (email = app.subject() and app.role() = 'mail');
create policy one_time_tokens_update_auth on app.one_time_tokens for update to insightforge_auth
  using (token_hash = app.subject() and used_at is null) with check (token_hash = app.subject() and used_at is not null);
create policy one_time_tokens_delete_auth on app.one_time_tokens for delete to insightforge_auth
  using (expires_on = app.subject() and expires_at <= now());
