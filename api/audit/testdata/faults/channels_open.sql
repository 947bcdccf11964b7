-- finds: database {database}
grant execute on function pg_catalog.pg_notify(text, text) to public;
