-- finds: policy second on app.datasets
create policy second on app.datasets for select to insightforge_api using (org_id = app.org_as('OWNER'));
