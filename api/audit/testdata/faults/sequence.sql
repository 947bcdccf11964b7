-- finds: table app.datasets
alter table app.datasets add number integer generated always as identity;
