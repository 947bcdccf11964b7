-- users          | auth (the address named)                  | auth (whose token it is)    | user (oneself)                          | api
-- select         | ✔ id, email, password, revision, verified |                             | ✔ no password                           |
-- insert         | ✔ sign-up, nothing proved                 |                             | ✔ inside begin_token; a service account |
--                |                                           |                             |   inside begin_service_account          |
-- update         |                                           | ✔ to the address it was for | ✔ full_name, password                   |
-- delete         |                                           |                             |                                         |
--
-- A member never reads users: names are in memberships, addresses in member_emails. A password is set as its user, so that
-- their other sessions end in the same transaction; it is read by its address only. Outside app.begin_token and
-- app.begin_claim auth has no app.user_id: an address is proved, or becomes another one, by a token that was sent to it, or by an issuer.

grant select (id, email, password_hash, revision, email_verified_at), insert (id, email, full_name, password_hash),
  update (email, email_verified_at, updated_at, revision) on app.users to insightforge_auth;
grant select (id, email, full_name, has_password, created_at, updated_at, email_verified_at, revision),
  insert (id, email, full_name, password_hash, email_verified_at, kind),
  update (full_name, password_hash, updated_at, revision) on app.users to insightforge_user;

create policy users_select_auth on app.users for select to insightforge_auth using (email = app.subject());
create policy users_insert_auth on app.users for insert to insightforge_auth with check (email = app.subject());
create policy users_update_auth on app.users for update to insightforge_auth
  using (id = app.user_id()) with check (id = app.user_id() and email = app.subject());
create policy users_select_user on app.users for select to insightforge_user using (id = app.user_id());
create policy users_insert_user on app.users for insert to insightforge_user
  with check (id = app.user_id() and (email = app.subject() or kind = 'service'));
create policy users_update_user on app.users for update to insightforge_user using (id = app.user_id()) with check (id = app.user_id());
