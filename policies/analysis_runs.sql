-- analysis_runs  | OWNER | ADMIN | ANALYST  | VIEWER
-- select         | ✔     | ✔     | vis 0, 1 | vis 0
-- insert         | ✔     | ✔     | vis 0, 1 |
-- update         | ✔     | ✔     |          |
-- delete         |       |       |          |
--
-- A stored result never changes, update is for vis, which is its analysis'; it goes with its analysis (foreign key). created_by is who ran it.

grant select, insert (org_id, id, analysis_id, created_by, result, vis), update (vis) on app.analysis_runs to insightforge_api, insightforge_key;

create policy analysis_runs_select on app.analysis_runs for select to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER') and vis <= app.clearance());
create policy analysis_runs_insert on app.analysis_runs for insert to insightforge_api, insightforge_key
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and created_by = app.user_id() and vis <= app.clearance());
create policy analysis_runs_update on app.analysis_runs for update to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN') and vis <= app.clearance())
  with check (org_id = app.org_as('OWNER', 'ADMIN') and vis <= app.clearance());
