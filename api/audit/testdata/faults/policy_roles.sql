-- finds: policy datasets_delete on app.datasets
alter policy datasets_delete on app.datasets to insightforge_api, insightforge_key, insightforge_user;
