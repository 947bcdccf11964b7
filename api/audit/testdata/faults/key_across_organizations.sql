-- finds: table app.datasets
create unique index datasets_name on app.datasets (name);
