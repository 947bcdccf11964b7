-- finds: policy narrower on app.datasets
create policy narrower on app.datasets as restrictive for select to insightforge_api using (org_id = app.org_id());
