-- finds: grant of UPDATE (org_id) on app.datasets to insightforge_api
grant update (org_id) on app.datasets to insightforge_api;
