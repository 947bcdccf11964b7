-- finds: role insightforge_api
grant pg_read_all_data to insightforge_api;
