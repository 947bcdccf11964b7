-- dataset_chunks | OWNER | ADMIN | ANALYST                   | VIEWER
-- select         | ✔     | ✔     | vis 0, 1                  | vis 0
-- insert         | ✔     | ✔     | to own datasets, vis 0, 1 |
-- update         | ✔     | ✔     |                           |
-- delete         | ✔     | ✔     | of own datasets, vis 0, 1 |
--
-- Values never change; update is for vis, which follows the column's. A chunk goes with its segment (foreign key), or by itself when
-- no version has its column any more. created_by is the dataset's creator. The policy is evaluated for a chunk of up to 16,384
-- values, not for a value.

grant select, insert (org_id, segment_id, column_no, chunk_no, created_by, vis, first_row, row_count, null_count, min_value, max_value, ints, int2s, int4s, floats, codes, texts), update (vis), delete on app.dataset_chunks to insightforge_api, insightforge_key;

create policy dataset_chunks_select on app.dataset_chunks for select to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER') and vis <= app.clearance());
create policy dataset_chunks_insert on app.dataset_chunks for insert to insightforge_api, insightforge_key
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()) and vis <= app.clearance());
create policy dataset_chunks_update on app.dataset_chunks for update to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN') and vis <= app.clearance())
  with check (org_id = app.org_as('OWNER', 'ADMIN') and vis <= app.clearance());
create policy dataset_chunks_delete on app.dataset_chunks for delete to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()) and vis <= app.clearance());
