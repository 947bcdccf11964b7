-- finds: column app.datasets.secret
alter table app.datasets add column secret text collate "C"
