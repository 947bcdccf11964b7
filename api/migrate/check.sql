-- The catalog check at start-up: one row for each reason not to serve this database. Run as the login role.

with callers as ( -- the login role and the roles that app.begin_* switches to; a superuser is one finding, not all of them
  select oid, rolname from pg_roles
  where (rolname in ('insightforge_auth', 'insightforge_user', 'insightforge_api', 'insightforge_key') or rolname = session_user) and not rolsuper),
relations as (
  select c.oid, n.nspname || '.' || c.relname as name, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relowner
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'),
granted as ( -- who may do what to which relation, on the whole of it or on a column
  select r.oid, r.name, callers.oid as role, callers.rolname, command
  from relations r, callers, unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) command
  where has_table_privilege(callers.oid, r.oid, command)
     or command <> 'DELETE' and has_any_column_privilege(callers.oid, r.oid, command))

select format('the login role %I is %s', rolname, attribute) as finding
from pg_roles, lateral (values ('a superuser', rolsuper), ('BYPASSRLS', rolbypassrls), ('CREATEROLE', rolcreaterole),
  ('CREATEDB', rolcreatedb), ('REPLICATION', rolreplication), ('INHERIT: memberships must be taken by begin_* only', rolinherit)) a(attribute, has)
where rolname = session_user and has

union all
select format('%I is a member of %I', session_user, r.rolname)
from pg_auth_members m join pg_roles r on r.oid = m.roleid
where m.member = (select oid from pg_roles where rolname = session_user)
  and r.rolname not in ('insightforge_auth', 'insightforge_user', 'insightforge_api', 'insightforge_key')

union all
select format('%I is a member of %I', c.rolname, r.rolname)
from callers c join pg_auth_members m on m.member = c.oid join pg_roles r on r.oid = m.roleid
where c.rolname <> session_user

union all
select format('%I has attributes of its own (superuser, BYPASSRLS, CREATEROLE, CREATEDB or REPLICATION)', r.rolname)
from pg_roles r
where r.rolname in ('insightforge_auth', 'insightforge_user', 'insightforge_api', 'insightforge_key') and (r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication)

union all
select format('%I owns %s', c.rolname, r.name) from relations r join callers c on c.oid = r.relowner

union all
select format('%s is owned by %I, not by insightforge_owner: migrate with PGOPTIONS=''-c role=insightforge_owner''', c.oid::regclass, pg_get_userbyid(c.relowner))
from pg_class c
where c.relnamespace = to_regnamespace('app') and c.relkind in ('r', 'p', 'v', 'm', 'f') and pg_get_userbyid(c.relowner) <> 'insightforge_owner'

union all
select format('a setting is stored for every role: %s', setting)
from pg_db_role_setting s, unnest(s.setconfig) setting
where s.setrole = 0 and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
  and setting ~* '^(role|session_authorization|row_security|search_path|app\.[^=]*)='

union all
select format('settings are stored for role %I: %s', c.rolname, array_to_string(s.setconfig, ', '))
from pg_db_role_setting s join callers c on c.oid = s.setrole
where exists (select from unnest(s.setconfig) setting where setting !~ '^citus\.')

union all
select format('%I may %s %s, which is a %s and has no row-level security of its own', g.rolname, g.command, g.name,
  case r.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' else 'partitioned table' end)
from granted g join relations r using (oid) where r.relkind <> 'r'

union all
select distinct format('%I may reach %s, which lacks enabled and forced row-level security', g.rolname, g.name)
from granted g join relations r using (oid) where r.relkind = 'r' and not (r.relrowsecurity and r.relforcerowsecurity)

union all
select format('%I may %s %s, which has %s policies for that instead of one complete one', g.rolname, g.command, g.name, count(p.oid))
from granted g
left join pg_policy p on p.polrelid = g.oid and p.polpermissive and g.role = any (p.polroles)
  and p.polcmd = case g.command when 'SELECT' then 'r' when 'INSERT' then 'a' when 'UPDATE' then 'w' else 'd' end
  and (p.polqual is not null or g.command = 'INSERT')
  and (p.polwithcheck is not null or g.command not in ('INSERT', 'UPDATE'))
group by g.rolname, g.command, g.name having count(p.oid) <> 1

union all
select format('policy %I on %s is %s', p.polname, r.name,
  case when not p.polpermissive then 'RESTRICTIVE' when p.polcmd = '*' then 'FOR ALL' else 'for PUBLIC' end)
from pg_policy p join relations r on r.oid = p.polrelid
where not p.polpermissive or p.polcmd = '*' or 0 = any (p.polroles)

union all
select format('%I may %s %s', c.rolname, privilege, r.name)
from relations r, callers c, unnest(array['TRUNCATE', 'REFERENCES', 'TRIGGER']) privilege
where has_table_privilege(c.oid, r.oid, privilege)

union all -- a copy of a database (template, restore without --create) does not have the original's own privileges
select format('%I may create %s in this database: run sql/roles.sql in it', c.rolname, case privilege when 'TEMP' then 'temporary objects' else 'schemas' end)
from callers c, unnest(array['TEMP', 'CREATE']) privilege
where has_database_privilege(c.oid, current_database(), privilege)

union all
select format('%I may create objects in schema %I', c.rolname, n.nspname)
from callers c, pg_namespace n where has_schema_privilege(c.oid, n.oid, 'CREATE') and n.nspname !~ '^pg_'

union all
select format('%I may execute %s, which is %s', c.rolname, f.oid::regprocedure, case when f.prosecdef then 'SECURITY DEFINER' else 'LEAKPROOF' end)
from callers c, pg_proc f
where (f.prosecdef or f.proleakproof) and f.pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
  and has_function_privilege(c.oid, f.oid, 'EXECUTE')

union all
select format('%s is %s, not STABLE', f.oid::regprocedure, case f.provolatile when 'i' then 'IMMUTABLE' else 'VOLATILE' end)
from pg_proc f
where f.pronamespace = to_regnamespace('app') and f.proname in ('org_id', 'user_id', 'role', 'subject', 'org_ids', 'org_as') and f.provolatile <> 's'

union all
select format('%I may execute %s: a second begin would be allowed', c.rolname, f.oid::regprocedure)
from callers c, pg_proc f
where c.rolname <> session_user and f.pronamespace = to_regnamespace('app') and f.proname ~ '^begin_' and has_function_privilege(c.oid, f.oid, 'EXECUTE')

order by 1
