-- dataset_chunks   | OWNER | ADMIN | ANALYST         | VIEWER
-- select           | ✔     | ✔     | ✔               | ✔
-- insert           | ✔     | ✔     | to own datasets |
-- update           |       |       |                 |
-- delete           |       |       |                 |
--
-- A chunk never changes; it goes with its segment (foreign key). created_by is the dataset's creator. The policy is
-- evaluated for a chunk of up to 16,384 values, not for a value.

grant select, insert (org_id, segment_id, column_no, chunk_no, created_by, first_row, row_count, null_count, min_value, max_value, ints, int4s, int2s, floats, codes, texts) on app.dataset_chunks to insightforge_api, insightforge_key;

create policy dataset_chunks_select on app.dataset_chunks for select to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER'));
create policy dataset_chunks_insert on app.dataset_chunks for insert to insightforge_api, insightforge_key
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()));
