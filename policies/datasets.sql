-- datasets       | OWNER | ADMIN | ANALYST | VIEWER
-- select         | ✔     | ✔     | ✔       | ✔
-- insert         | ✔     | ✔     | ✔       |
-- update         | ✔     | ✔     | own     |
-- delete         | ✔     | ✔     | own     |
--
-- org_id, id and created_by are in no update grant: a dataset neither moves nor changes hands.

grant select, insert (org_id, id, name, created_by, last_column_no), update (name, version, last_version, last_column_no, updated_at, revision), delete on app.datasets to insightforge_api, insightforge_key;

create policy datasets_select on app.datasets for select to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER'));
create policy datasets_insert on app.datasets for insert to insightforge_api, insightforge_key
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and created_by = app.user_id());
create policy datasets_update on app.datasets for update to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()))
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()));
create policy datasets_delete on app.datasets for delete to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()));
