-- A SECURITY DEFINER function within reach
-- level: error
-- start: refused
-- covers: splinter 0028, 0029; pgrls SEC014, SEC015, VIEW004
--
-- It runs as its owner, whom no policy of a caller binds, with the caller's arguments and search_path. What callers do is done
-- as the caller.

select array[f.object], format('%s is SECURITY DEFINER', f.object), format('alter %s %s security invoker', f.kind, f.name)
from functions f
where f.prosecdef and (f.nspname = 'app' or exists (select from callers c where has_function_privilege(c.oid, f.oid, 'EXECUTE') and has_schema_privilege(c.oid, f.pronamespace, 'USAGE')))
