-- finds: policy datasets_select on app.datasets
alter policy datasets_select on app.datasets using (org_id = app.org_as('OWNER', 'VIEWER'));
