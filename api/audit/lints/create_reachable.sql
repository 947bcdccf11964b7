-- A caller who may create objects
-- level: error
-- start: refused
--
-- A table, view or function of one's own, in a schema that is searched, answers in place of the product's; temporary ones are
-- searched first.

select array['schema ' || quote_ident(n.nspname), format('grant of CREATE on schema %I to %I', n.nspname, c.rolname)], format('%I may create objects in schema %I', c.rolname, n.nspname), format('revoke create on schema %I from %I', n.nspname, c.rolname)
from pg_namespace n, aclexplode(n.nspacl) a join callers c on c.oid = a.grantee where a.privilege_type = 'CREATE'
union all
select array['database ' || quote_ident(d.datname)], format('%I has %s in database %I', c.rolname, a.privilege_type, d.datname), format('revoke %s on database %I from %I', a.privilege_type, d.datname, c.rolname)
from pg_database d, aclexplode(d.datacl) a join callers c on c.oid = a.grantee where d.datname = current_database() and a.privilege_type in ('CREATE', 'TEMPORARY')
