-- A function of PostgreSQL that was granted to a caller or to PUBLIC
-- level: error
--
-- What PostgreSQL does not give to PUBLIC reads files, ends sessions, resets statistics or looks into other databases. The
-- product grants none of it.

select array['function ' || f.oid::regprocedure::text], format('%s may execute %s', coalesce(quote_ident(c.rolname), 'PUBLIC'), f.oid::regprocedure),
  format('revoke execute on function pg_catalog.%s from %s', f.oid::regprocedure, coalesce(quote_ident(c.rolname), 'public'))
from pg_proc f cross join lateral aclexplode(f.proacl) a left join callers c on c.oid = a.grantee
where f.pronamespace = 'pg_catalog'::regnamespace and f.proname not in ('set_config', 'pg_notify', 'pg_logical_emit_message', 'loread', 'lowrite')
  and f.proname !~ '^(lo_|pg_(try_)?advisory_)'
  and (c.oid is not null or a.grantee = 0 and exists (select from pg_init_privs i where i.classoid = 'pg_proc'::regclass and i.objoid = f.oid
    and not exists (select from aclexplode(i.initprivs) b where b.grantee = 0)))
