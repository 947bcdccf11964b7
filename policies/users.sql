-- users          | auth (the address named)                   | user (oneself)                            | api
-- select         | ✔ id, email, password, revision, verified  | ✔ no password                             |
-- insert         | ✔ sign-up                                  | ✔ a service account, only inside          |
--                |                                            |   begin_service_account                   |
-- update         |                                            | ✔ full_name, password, address verified   |
-- delete         |                                            |                                           |
--
-- A member never reads users: names are in memberships, addresses in member_emails. A password is set as its user, so that
-- their other sessions end in the same transaction; it is read by its address only.

grant select (id, email, password_hash, revision, email_verified_at), insert (id, email, full_name, password_hash) on app.users to insightforge_auth;
grant select (id, email, full_name, has_password, email_verified_at, created_at, updated_at, revision), insert (id, kind, full_name),
  update (full_name, password_hash, email_verified_at, updated_at, revision) on app.users to insightforge_user;

create policy users_select_auth on app.users for select to insightforge_auth using (email = app.subject());
create policy users_insert_auth on app.users for insert to insightforge_auth with check (email = app.subject());
create policy users_select_user on app.users for select to insightforge_user using (id = app.user_id());
create policy users_update_user on app.users for update to insightforge_user using (id = app.user_id()) with check (id = app.user_id());
create policy users_insert_user on app.users for insert to insightforge_user with check (id = app.user_id() and kind = 'service');
