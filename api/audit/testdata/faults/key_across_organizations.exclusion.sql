-- finds: table app.datasets
alter table app.datasets add constraint datasets_name exclude using btree (name with =);
