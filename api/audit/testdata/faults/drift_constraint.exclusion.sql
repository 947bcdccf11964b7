-- finds: constraint datasets_name on app.datasets
alter table app.datasets add constraint datasets_name exclude using btree (org_id with =, name with =);
