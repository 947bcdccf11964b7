-- finds: table app.datasets
alter table app.datasets owner to postgres;
revoke all on app.datasets from insightforge_owner;
