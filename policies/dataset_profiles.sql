-- dataset_profiles | OWNER | ADMIN | ANALYST                   | VIEWER
-- select           | ✔     | ✔     | vis 0, 1                  | vis 0
-- insert           | ✔     | ✔     | to own datasets, vis 0, 1 |
-- update           | ✔     | ✔     |                           |
-- delete           |       |       |                           |
--
-- A profile tells what its column holds, so it is shown like that. Update is for vis, which follows the column's. It goes with
-- the column (foreign key). created_by is the dataset's creator.

grant select, insert (org_id, dataset_id, version, column_no, created_by, vis, profile), update (vis) on app.dataset_profiles to insightforge_api, insightforge_key;

create policy dataset_profiles_select on app.dataset_profiles for select to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER') and vis <= app.clearance());
create policy dataset_profiles_insert on app.dataset_profiles for insert to insightforge_api, insightforge_key
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()) and vis <= app.clearance());
create policy dataset_profiles_update on app.dataset_profiles for update to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN') and vis <= app.clearance())
  with check (org_id = app.org_as('OWNER', 'ADMIN') and vis <= app.clearance());
