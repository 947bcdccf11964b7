-- organizations  | OWNER | ADMIN | ANALYST | VIEWER | user (no organization chosen)
-- select         | ✔     | ✔     | ✔       | ✔      | ✔ those one belongs to
-- insert         |       |       |         |        | ✔ only inside app.begin_organization
-- update         | ✔     | ✔     |         |        |
-- delete         |       |       |         |        |

grant select, update (name, updated_at, revision) on app.organizations to insightforge_api;
grant select, insert (id, name, created_by) on app.organizations to insightforge_user;

create policy organizations_select on app.organizations for select to insightforge_api
  using (id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER'));
create policy organizations_update on app.organizations for update to insightforge_api
  using (id = app.org_as('OWNER', 'ADMIN'))
  with check (id = app.org_as('OWNER', 'ADMIN'));
create policy organizations_select_user on app.organizations for select to insightforge_user
  using (id = any (app.org_ids()));
create policy organizations_insert_user on app.organizations for insert to insightforge_user
  with check (id = app.org_id() and created_by = app.user_id());
