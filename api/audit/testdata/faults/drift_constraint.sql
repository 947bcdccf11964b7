-- finds: constraint analyses_org_id_dataset_id_fkey on app.analyses
alter table app.analyses drop constraint analyses_org_id_dataset_id_fkey;
