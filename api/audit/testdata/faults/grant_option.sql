-- finds: grant of SELECT on app.datasets to insightforge_api
grant select on app.datasets to insightforge_api with grant option;
