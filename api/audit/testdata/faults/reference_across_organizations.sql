-- finds: table app.analyses
alter table app.analyses add other uuid, add constraint crossing foreign key (other, dataset_id, created_by) references app.datasets (org_id, id, created_by);
create index on app.analyses (other, dataset_id, created_by);
