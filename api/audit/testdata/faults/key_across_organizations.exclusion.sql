-- finds: table app.datasets
alter table app.datasets add constraint name_once exclude using btree (name with =)
