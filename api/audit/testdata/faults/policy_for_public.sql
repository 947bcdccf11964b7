-- finds: policy datasets_delete on app.datasets
alter policy datasets_delete on app.datasets to public;
