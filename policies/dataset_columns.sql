-- dataset_columns | OWNER | ADMIN | ANALYST                   | VIEWER
-- select          | ✔     | ✔     | vis 0, 1                  | vis 0
-- insert          | ✔     | ✔     | to own datasets, vis 0, 1 |
-- update          | ✔     | ✔     | of own datasets, vis 0, 1 |
-- delete          |       |       |                           |
--
-- What is stored of a column of a version never changes; what it is called, means and who sees it does. It goes with its version
-- (foreign key). created_by is the dataset's creator.

grant select, insert (org_id, dataset_id, version, column_no, created_by, column_id, position, name, header, description, unit, semantic, vis, type, scale, payload, null_count),
  update (name, description, unit, semantic, vis) on app.dataset_columns to insightforge_api, insightforge_key;

create policy dataset_columns_select on app.dataset_columns for select to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER') and vis <= app.clearance());
create policy dataset_columns_insert on app.dataset_columns for insert to insightforge_api, insightforge_key
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()) and vis <= app.clearance());
create policy dataset_columns_update on app.dataset_columns for update to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()) and vis <= app.clearance())
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()) and vis <= app.clearance());
