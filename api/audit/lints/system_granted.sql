-- A function or a table of PostgreSQL that was granted to a caller
-- level: error
--
-- What PostgreSQL does not give to PUBLIC reads files, ends sessions, resets statistics or looks into other databases; its tables
-- hold passwords, and samples of everybody's rows. The product grants none of it.

select array['function ' || f.oid::regprocedure::text], format('%s may execute %s', coalesce(quote_ident(c.rolname), 'PUBLIC'), f.oid::regprocedure),
  format('revoke execute on function pg_catalog.%s from %s', f.oid::regprocedure, coalesce(quote_ident(c.rolname), 'public'))
from pg_proc f cross join lateral aclexplode(f.proacl) a left join callers c on c.oid = a.grantee
where f.pronamespace = 'pg_catalog'::regnamespace and f.proname not in ('set_config', 'pg_notify', 'pg_logical_emit_message', 'loread', 'lowrite')
  and f.proname !~ '^(lo_|pg_(try_)?advisory_)'
  and (c.oid is not null or a.grantee = 0 and exists (select from pg_init_privs i where i.classoid = 'pg_proc'::regclass and i.objoid = f.oid
    and not exists (select from aclexplode(i.initprivs) b where b.grantee = 0)))
union all
select array['table pg_catalog.' || quote_ident(r.relname)], format('%s may %s%s pg_catalog.%I', coalesce(quote_ident(c.rolname), 'PUBLIC'), a.privilege_type, a.of, r.relname),
  format('revoke %s%s on pg_catalog.%I from %s', a.privilege_type, a.of, r.relname, coalesce(quote_ident(c.rolname), 'public'))
from pg_class r cross join lateral (
    select grantee, privilege_type, 0 as column_no, '' as of from aclexplode(r.relacl)
    union all
    select p.grantee, p.privilege_type, t.attnum, format(' (%I)', t.attname) from pg_attribute t, aclexplode(t.attacl) p where t.attrelid = r.oid) a
  left join callers c on c.oid = a.grantee
where r.relnamespace = 'pg_catalog'::regnamespace and (c.oid is not null or a.grantee = 0 and not exists (
  select from pg_init_privs i, aclexplode(i.initprivs) b where i.classoid = 'pg_class'::regclass and i.objoid = r.oid and i.objsubid = a.column_no
    and b.grantee = 0 and b.privilege_type = a.privilege_type))
