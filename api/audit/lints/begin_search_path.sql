-- A function in schema app with the session's search_path
-- level: warning
-- covers: splinter 0011
--
-- Its names could be resolved in a schema that the session chose; the begin functions are the product's only ones that need it.
-- Context functions need none: their bodies were resolved when they were created.

select array[f.object], format('%s does not fix its search_path', f.object), format('alter function %s set search_path = pg_catalog, pg_temp', f.name)
from functions f
where f.nspname = 'app' and f.lanname not in ('internal', 'c') and not exists (select from pg_proc p where p.oid = f.oid and p.prosqlbody is not null)
  and not coalesce('search_path=pg_catalog, pg_temp' = any (f.proconfig), false)
