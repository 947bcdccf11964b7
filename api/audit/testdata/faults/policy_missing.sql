-- finds: policy datasets_select on app.datasets
drop policy datasets_select on app.datasets;
