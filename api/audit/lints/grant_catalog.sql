-- A right on PostgreSQL's own tables
-- level: error
--
-- The catalog, statistics and TOAST tables keep hashes of passwords and parts of every tenant's rows, and no policy holds there. A
-- view that somebody put among them is read as its owner. PostgreSQL itself grants what everybody may see.

select array['table ' || p.name, format('grant of %s on %s to %s', p.what, p.name, p.role)], format('%s may %s on %s', p.role, p.what, p.name), format('revoke %s on %s from %s', p.what, p.name, p.role)
from (
  select format('%I.%I', n.nspname, c.relname) as name, a.privilege_type || coalesce(' (' || quote_ident(x.attname) || ')', '') as what, coalesce(quote_ident(r.rolname), 'PUBLIC') as role
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
    cross join lateral (select 0 as no, null::name as attname, c.relacl as acl union all select attnum, attname, attacl from pg_attribute where attrelid = c.oid and attacl is not null) x
    cross join lateral aclexplode(x.acl) a left join callers r on r.oid = a.grantee
  where n.nspname in ('pg_catalog', 'information_schema', 'pg_toast') and (a.grantee = 0 or r.oid is not null)
    and not exists (select from pg_init_privs i, aclexplode(i.initprivs) b
      where i.classoid = 'pg_class'::regclass and i.objoid = c.oid and i.objsubid = x.no and b.grantee = a.grantee and b.privilege_type = a.privilege_type)
    and not (n.nspname = 'information_schema' and c.oid < 16384 and a.privilege_type = 'SELECT')) p -- granted, and noted nowhere
