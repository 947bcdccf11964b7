-- dataset_files | OWNER | ADMIN | ANALYST                   | VIEWER
-- select        | ✔     | ✔     | vis 0, 1                  | vis 0
-- insert        | ✔     | ✔     | to own datasets, vis 0, 1 |
-- update        | ✔     | ✔     |                           |
-- delete        |       |       |                           |
--
-- The hash of a file and what was rejected of it tell all of its columns: vis is the highest of theirs. It goes with its version
-- (foreign key). created_by is the dataset's creator.

grant select, insert (org_id, dataset_id, version, created_by, vis, sha256, media_type, name, report), update (vis) on app.dataset_files to insightforge_api, insightforge_key;

create policy dataset_files_select on app.dataset_files for select to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER') and vis <= app.clearance());
create policy dataset_files_insert on app.dataset_files for insert to insightforge_api, insightforge_key
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()) and vis <= app.clearance());
create policy dataset_files_update on app.dataset_files for update to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN') and vis <= app.clearance())
  with check (org_id = app.org_as('OWNER', 'ADMIN') and vis <= app.clearance());
