-- finds: grant of SELECT on app.datasets to PUBLIC
grant select on app.datasets to public;
