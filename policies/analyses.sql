-- analyses       | OWNER | ADMIN | ANALYST | VIEWER
-- select         | ✔     | ✔     | ✔       | ✔
-- insert         | ✔     | ✔     | ✔       |
-- update         |       |       |         |
-- delete         | ✔     | ✔     | own     |

grant select, insert (org_id, id, dataset_id, name, query, created_by), delete on app.analyses to insightforge_api, insightforge_key;

create policy analyses_select on app.analyses for select to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER'));
create policy analyses_insert on app.analyses for insert to insightforge_api, insightforge_key
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and created_by = app.user_id());
create policy analyses_delete on app.analyses for delete to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()));
