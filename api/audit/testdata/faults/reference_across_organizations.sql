-- finds: table app.analyses
alter table app.datasets add constraint datasets_for_all unique (org_id, id, name);
alter table app.analyses add other uuid, add constraint crossing foreign key (other, dataset_id, name) references app.datasets (org_id, id, name);
create index on app.analyses (other, dataset_id, name);
