-- analyses       | OWNER | ADMIN | ANALYST       | VIEWER
-- select         | ✔     | ✔     | vis 0, 1      | vis 0
-- insert         | ✔     | ✔     | vis 0, 1      |
-- update         | ✔     | ✔     |               |
-- delete         | ✔     | ✔     | own, vis 0, 1 |
--
-- An analysis never changes; update is for vis, which follows its columns'.

grant select, insert (org_id, id, dataset_id, name, query, created_by, column_names, column_ids, vis), update (vis), delete on app.analyses to insightforge_api, insightforge_key;

create policy analyses_select on app.analyses for select to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER') and vis <= app.clearance());
create policy analyses_insert on app.analyses for insert to insightforge_api, insightforge_key
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and created_by = app.user_id() and vis <= app.clearance());
create policy analyses_update on app.analyses for update to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN') and vis <= app.clearance())
  with check (org_id = app.org_as('OWNER', 'ADMIN') and vis <= app.clearance());
create policy analyses_delete on app.analyses for delete to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()) and vis <= app.clearance());
