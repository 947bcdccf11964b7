-- finds: table app.analyses
create index on app.analyses (created_by, dataset_id, id);
alter table app.analyses add constraint crossing foreign key (created_by, dataset_id, id) references app.datasets (org_id, id, created_by);
