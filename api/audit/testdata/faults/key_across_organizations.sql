-- finds: table app.datasets
alter table app.datasets add constraint datasets_name unique (name);
