-- finds: grant of UPDATE (created_at) on app.datasets to insightforge_api
grant update (created_at) on app.datasets to insightforge_api;
