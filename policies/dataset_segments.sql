-- dataset_segments | OWNER | ADMIN | ANALYST         | VIEWER
-- select           | ✔     | ✔     | ✔               | ✔
-- insert           | ✔     | ✔     | to own datasets |
-- update           |       |       |                 |
-- delete           | ✔     | ✔     | of own datasets |
--
-- A segment never changes; it goes with its dataset (foreign key), or when no version has it any more. created_by is the dataset's creator.

grant select, insert (org_id, id, dataset_id, created_by, row_count), delete on app.dataset_segments to insightforge_api, insightforge_key;

create policy dataset_segments_select on app.dataset_segments for select to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER'));
create policy dataset_segments_insert on app.dataset_segments for insert to insightforge_api, insightforge_key
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()));
create policy dataset_segments_delete on app.dataset_segments for delete to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()));
