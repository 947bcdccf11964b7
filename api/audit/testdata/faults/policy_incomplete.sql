-- finds: policy datasets_update on app.datasets
drop policy datasets_update on app.datasets;
create policy datasets_update on app.datasets for update to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()));
