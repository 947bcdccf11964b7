-- finds: grant of SELECT on app.datasets to reporting
create role reporting bypassrls;
grant select on app.datasets to reporting;
