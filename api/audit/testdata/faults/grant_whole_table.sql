-- finds: grant of INSERT on app.datasets to insightforge_api
grant insert on app.datasets to insightforge_api;
