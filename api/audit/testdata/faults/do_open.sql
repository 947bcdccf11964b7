-- finds: language plpgsql
grant usage on language plpgsql to insightforge_api;
