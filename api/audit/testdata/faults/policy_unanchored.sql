-- finds: policy datasets_select on app.datasets
alter policy datasets_select on app.datasets using (app.role() = 'OWNER' or org_id = app.org_id());
