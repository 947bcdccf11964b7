-- memberships    | OWNER | ADMIN              | ANALYST  | VIEWER   | user (no organization chosen)
-- select         | ✔     | ✔                  | ✔        | ✔        | ✔ own
-- insert         |       |                    |          |          | ✔ own, only inside begin_organization and begin_invitation;
--                |       |                    |          |          |   a service account's in begin_service_account
-- update role    | ✔     | ✔ ANALYST ↔ VIEWER |          |          | (own full_name)
-- delete         | ✔     | ✔ ANALYST, VIEWER, | ✔ leave  | ✔ leave  |
--                |       |   leave            |          |          |
--
-- USING sees the old role, WITH CHECK the new one: an ADMIN touches nobody who is more than an ANALYST, and makes
-- nobody more. That an organization keeps an OWNER is not a question of one row: the statements of api/members.go lock
-- the OWNER rows first. kind is that of the user, by a foreign key.

grant select, update (role, updated_at, revision), delete on app.memberships to insightforge_api;
grant select, insert (org_id, user_id, kind, role, full_name), update (full_name, updated_at, revision) on app.memberships to insightforge_user;

create policy memberships_select on app.memberships for select to insightforge_api
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER'));
create policy memberships_update on app.memberships for update to insightforge_api
  using (org_id = app.org_as('OWNER', 'ADMIN') and (app.role() = 'OWNER' or role in ('ANALYST', 'VIEWER')))
  with check (org_id = app.org_as('OWNER', 'ADMIN') and (app.role() = 'OWNER' or role in ('ANALYST', 'VIEWER')));
create policy memberships_delete on app.memberships for delete to insightforge_api
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER')
    and (user_id = app.user_id() or app.role() = 'OWNER' or app.role() = 'ADMIN' and role in ('ANALYST', 'VIEWER')));
create policy memberships_select_user on app.memberships for select to insightforge_user
  using (user_id = app.user_id());
create policy memberships_insert_user on app.memberships for insert to insightforge_user
  with check (org_id = app.org_id() and user_id = app.user_id() and role = app.role());
create policy memberships_update_user on app.memberships for update to insightforge_user
  using (user_id = app.user_id())
  with check (user_id = app.user_id());
