-- dataset_columns  | OWNER | ADMIN | ANALYST         | VIEWER
-- select           | ✔     | ✔     | ✔               | ✔
-- insert           | ✔     | ✔     | to own datasets |
-- update           |       |       |                 |
-- delete           |       |       |                 |
--
-- A column of a version never changes; it goes with its dataset (foreign key). created_by is the dataset's creator.

grant select, insert (org_id, dataset_id, version, column_no, created_by, name, type, scale, payload, null_count) on app.dataset_columns to insightforge_api, insightforge_key;

create policy dataset_columns_select on app.dataset_columns for select to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER'));
create policy dataset_columns_insert on app.dataset_columns for insert to insightforge_api, insightforge_key
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()));
