-- A function of PostgreSQL that was granted to a caller
-- level: error
--
-- What PostgreSQL does not give to PUBLIC reads files, ends sessions, resets statistics or looks into other databases. The
-- product grants none of it.

select array['function ' || f.oid::regprocedure::text], format('%I may execute %s', c.rolname, f.oid::regprocedure), format('revoke execute on function pg_catalog.%s from %I', f.oid::regprocedure, c.rolname)
from pg_proc f cross join lateral aclexplode(f.proacl) a join callers c on c.oid = a.grantee
where f.pronamespace = 'pg_catalog'::regnamespace and f.proname not in ('set_config', 'pg_notify', 'pg_logical_emit_message', 'loread', 'lowrite')
  and f.proname !~ '^(lo_|pg_(try_)?advisory_)'
