-- sessions       | auth (the session named)                        | user (own)                | api
-- select         | ✔                                               | ✔                         |
-- insert         |                                                 | ✔ login                   |
-- update         | ✔ generation, expiry, device, address (refresh) |                           |
-- delete         |                                                 | ✔ logout, revoked, reused |
--
-- A session that ends is deleted as its user, who then has it in security_events as well.

grant select, update (generation, refreshed_at, expires_at, device, address) on app.sessions to insightforge_auth;
grant select, insert (id, user_id, device, address), delete on app.sessions to insightforge_user;

create policy sessions_select_auth on app.sessions for select to insightforge_auth using (id::text = app.subject());
create policy sessions_update_auth on app.sessions for update to insightforge_auth using (id::text = app.subject()) with check (id::text = app.subject());
create policy sessions_select_user on app.sessions for select to insightforge_user using (user_id = app.user_id());
create policy sessions_insert_user on app.sessions for insert to insightforge_user with check (user_id = app.user_id());
create policy sessions_delete_user on app.sessions for delete to insightforge_user using (user_id = app.user_id());
