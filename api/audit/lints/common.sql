-- What the lints begin with. $1 are the logins that may become a caller, insightforge among them whatever it is; a superuser is one finding, not all of them.
-- Objects are named as in state.sql, so that a finding and a drift of one object meet.

with callers as ( -- the logins, and the roles that app.begin_* switches to
  select oid, rolname from pg_roles
  where (rolname in ('insightforge_auth', 'insightforge_user', 'insightforge_api', 'insightforge_key', 'insightforge_sealer') or rolname = any ($1::text[])) and not rolsuper),
relations as (
  select c.oid, format('%I.%I', n.nspname, c.relname) as name, n.nspname, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relowner, c.relacl, c.reloptions
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'),
privileges as ( -- on relations and their columns, given to whom by name; 0 is PUBLIC
  select r.oid, r.name, r.relname, r.relkind, r.relowner, a.grantee, a.privilege_type as command, null::name as column_name, a.is_grantable
  from relations r, aclexplode(r.relacl) a
  union all
  select r.oid, r.name, r.relname, r.relkind, r.relowner, a.grantee, a.privilege_type, c.attname, a.is_grantable
  from relations r join pg_attribute c on c.attrelid = r.oid and not c.attisdropped, aclexplode(c.attacl) a),
granted as ( -- to callers
  select p.*, c.oid as role, c.rolname,
    format('grant of %s on %s to %I', p.command || coalesce(' (' || quote_ident(p.column_name) || ')', ''), p.name, c.rolname) as object,
    p.command || coalesce(' (' || quote_ident(p.column_name) || ')', '') || ' on ' || p.name as what
  from privileges p join callers c on c.oid = p.grantee),
tenant_tables as ( -- those with an organization
  select r.*, a.attnum as org_no, a.attnotnull as org_not_null from relations r join pg_attribute a on a.attrelid = r.oid and a.attname = 'org_id' and not a.attisdropped
  where r.nspname = 'app' and r.relkind in ('r', 'p')),
policies as (
  select p.*, r.name as table_name, r.nspname, r.relname, r.relrowsecurity, format('policy %I on %s', p.polname, r.name) as object
  from pg_policy p join relations r on r.oid = p.polrelid),
functions as ( -- not those that PostgreSQL came with, whose numbers are below 16384: somebody may have put another beside them
  select f.oid, f.proname, f.pronamespace, f.proowner, f.proacl, f.prosecdef, f.proleakproof, f.provolatile, f.proconfig, l.lanname, n.nspname,
    format('%I.%I(%s)', n.nspname, f.proname, oidvectortypes(f.proargtypes)) as name,
    case when f.prokind in ('a', 'p') then 'routine' else 'function' end as kind,
    format('function %I.%I(%s)', n.nspname, f.proname, oidvectortypes(f.proargtypes)) as object
  from pg_proc f join pg_namespace n on n.oid = f.pronamespace join pg_language l on l.oid = f.prolang
  where n.nspname not in ('pg_catalog', 'information_schema') or f.oid >= 16384)
