-- finds: function pg_catalog.set_config(text, text, boolean)
grant execute on function pg_catalog.set_config(text, text, boolean) to public;
