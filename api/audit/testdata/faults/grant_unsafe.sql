-- finds: grant of TRUNCATE on app.datasets to insightforge_api
grant truncate on app.datasets to insightforge_api;
