-- finds: function pg_read_file(text)
grant execute on function pg_catalog.pg_read_file(text) to public;
