-- finds: schema app
grant create on schema app to insightforge_api;
