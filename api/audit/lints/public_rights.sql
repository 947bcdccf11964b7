-- Rights of PUBLIC
-- level: error
-- start: refused
-- covers: splinter 0026
--
-- PUBLIC is every role, the login role before any begin among them. Here it may do nothing with tables and functions, and
-- nothing in the database but connect; a copy of a database (template, restore) comes with PostgreSQL's defaults again.

select array[format('grant of %s on %s to PUBLIC', p.command || coalesce(' (' || quote_ident(p.column_name) || ')', ''), p.name)], format('PUBLIC may %s %s', p.command || coalesce(' (' || quote_ident(p.column_name) || ') of', ''), p.name),
  format('revoke %s on %s from public', p.command || coalesce(' (' || quote_ident(p.column_name) || ')', ''), p.name)
from privileges p where p.grantee = 0
union all
select array[f.object, format('grant of EXECUTE on %s to PUBLIC', f.object)], format('PUBLIC may execute %s', f.name), format('revoke execute on %s %s from public', f.kind, f.name)
from functions f, aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a where f.nspname = 'app' and a.grantee = 0
union all
select array['schema ' || quote_ident(n.nspname), format('grant of %s on schema %I to PUBLIC', a.privilege_type, n.nspname)], format('PUBLIC has %s on schema %I', a.privilege_type, n.nspname), format('revoke %s on schema %I from public', a.privilege_type, n.nspname)
from pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
where a.grantee = 0 and (n.nspname = 'app' or a.privilege_type = 'CREATE') and n.nspname !~ '^pg_(toast_)?temp'
union all
select array['database ' || quote_ident(d.datname)], format('PUBLIC has %s in database %I', a.privilege_type, d.datname), format('revoke %s on database %I from public', a.privilege_type, d.datname)
from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
where d.datname = current_database() and a.grantee = 0 and a.privilege_type <> 'CONNECT'
