-- finds: function app.user_id()
alter function app.user_id() set search_path = pg_catalog;
