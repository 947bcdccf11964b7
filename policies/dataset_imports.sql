-- dataset_imports | OWNER | ADMIN | ANALYST | VIEWER
-- select          | ✔     | ✔     | own     | own
-- insert          | own   | own   | own     |
-- update          | ✔     | ✔     | own     |
-- delete          |       |       |         |
--
-- An upload is its maker's; OWNER and ADMIN see and cancel all.

grant select, insert (org_id, id, created_by, dataset_id, mode, byte_count),
  update (dataset_id, state, stage, bytes_read, row_count, rows_stored, version, problem, cancel_asked, updated_at, finished_at) on app.dataset_imports to insightforge_api, insightforge_key;

create policy dataset_imports_select on app.dataset_imports for select to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()));
create policy dataset_imports_insert on app.dataset_imports for insert to insightforge_api, insightforge_key
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and created_by = app.user_id());
create policy dataset_imports_update on app.dataset_imports for update to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()))
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()));
