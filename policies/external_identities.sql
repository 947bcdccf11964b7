-- external_identities | auth (the identity named) | user (own)       | api
-- select              | ✔ whose it is             | ✔                |
-- insert              |                           | ✔                |
-- update              |                           | ✔ its last use   |
-- delete              |                           | ✔                |
--
-- That the issuer vouches for it is checked in Go, as a password is, before a transaction begins as its user.

grant select (key, user_id) on app.external_identities to insightforge_auth;
grant select, insert (id, user_id, issuer, subject, email), update (used_at), delete on app.external_identities to insightforge_user;

create policy external_identities_select_auth on app.external_identities for select to insightforge_auth using (key = app.subject());
create policy external_identities_select_user on app.external_identities for select to insightforge_user using (user_id = app.user_id());
create policy external_identities_insert_user on app.external_identities for insert to insightforge_user with check (user_id = app.user_id());
create policy external_identities_update_user on app.external_identities for update to insightforge_user
  using (user_id = app.user_id()) with check (user_id = app.user_id());
create policy external_identities_delete_user on app.external_identities for delete to insightforge_user using (user_id = app.user_id());
