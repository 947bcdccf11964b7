-- finds: event trigger watch
create schema elsewhere;
create function elsewhere.watch() returns event_trigger language plpgsql as $$ begin end $$;
create event trigger watch on ddl_command_end execute function elsewhere.watch();
