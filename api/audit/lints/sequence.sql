-- A sequence or an identity column
-- level: error
--
-- The first number that one sees tells how much the others have made. Ids are UUIDv7, made in Go.

select array['table ' || r.name, format('column %s.%I', r.name, a.attname), format('not null of %s.%I', r.name, a.attname)], format('%s.%I is an identity column', r.name, a.attname), format('alter table %s alter column %I drop identity', r.name, a.attname)
from relations r join pg_attribute a on a.attrelid = r.oid where r.nspname = 'app' and a.attidentity <> '' and not a.attisdropped
union all
select array[format('sequence %s', c.oid::regclass)], format('%s may %s the sequence %s', coalesce(quote_ident(r.rolname), 'PUBLIC'), a.privilege_type, c.oid::regclass),
  format('revoke %s on sequence %s from %s', a.privilege_type, c.oid::regclass, coalesce(quote_ident(r.rolname), 'public'))
from pg_class c cross join lateral aclexplode(c.relacl) a left join callers r on r.oid = a.grantee
where c.relkind = 'S' and c.relnamespace <> to_regnamespace('app') and (r.oid is not null or a.grantee = 0)
union all
select array[format('sequence app.%I', c.relname)], format('app.%I is a sequence', c.relname), format('drop sequence app.%I cascade', c.relname)
from pg_class c where c.relnamespace = to_regnamespace('app') and c.relkind = 'S'
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'i')
