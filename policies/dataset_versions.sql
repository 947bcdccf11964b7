-- dataset_versions | OWNER | ADMIN | ANALYST         | VIEWER
-- select           | ✔     | ✔     | ✔               | ✔
-- insert           | ✔     | ✔     | to own datasets |
-- update           | ✔     | ✔     | of own datasets |
-- delete           | ✔     | ✔     | of own datasets |
--
-- A version never changes, but it is deleted, restored, and purged once it was deleted; and it goes with its dataset (foreign
-- key). Update of byte_count is for what a purged version hands on to one that has its rows, of kept_bytes for when its source is
-- deleted. created_by is the dataset's creator, published_by whoever published this version.

grant select, insert (org_id, dataset_id, number, created_by, published_by, mode, base, row_count, column_count, byte_count, kept_bytes, segment_ids), update (deleted_at, byte_count, kept_bytes), delete on app.dataset_versions to insightforge_api, insightforge_key;

create policy dataset_versions_select on app.dataset_versions for select to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER'));
create policy dataset_versions_insert on app.dataset_versions for insert to insightforge_api, insightforge_key
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and published_by = app.user_id() and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()));
create policy dataset_versions_update on app.dataset_versions for update to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()))
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()));
create policy dataset_versions_delete on app.dataset_versions for delete to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()) and deleted_at is not null);
