-- dataset_pieces | OWNER | ADMIN | ANALYST                   | VIEWER
-- select         | ✔     | ✔     | vis 0, 1                  | vis 0
-- insert         | ✔     | ✔     | to own datasets, vis 0, 1 |
-- update         | ✔     | ✔     |                           |
-- delete         | ✔     | ✔     | of own datasets, vis 0, 1 |
--
-- The bytes of a file, if they are kept. vis is the file's. They go with it (foreign key), or before. created_by is the dataset's
-- creator.

grant select, insert (org_id, dataset_id, version, piece_no, created_by, vis, bytes), update (vis), delete on app.dataset_pieces to insightforge_api, insightforge_key;

create policy dataset_pieces_select on app.dataset_pieces for select to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER') and vis <= app.clearance());
create policy dataset_pieces_insert on app.dataset_pieces for insert to insightforge_api, insightforge_key
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()) and vis <= app.clearance());
create policy dataset_pieces_update on app.dataset_pieces for update to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN') and vis <= app.clearance())
  with check (org_id = app.org_as('OWNER', 'ADMIN') and vis <= app.clearance());
create policy dataset_pieces_delete on app.dataset_pieces for delete to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()) and vis <= app.clearance());
