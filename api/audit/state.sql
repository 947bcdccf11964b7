-- What sql/ and policies/ make that isolation rests on: each policy, function, grant, constraint, default and NOT NULL, the
-- statement that makes it and the one that takes it away. What a server may lack (app.expand, in language internal) is left out.

with roles as (select oid, quote_ident(rolname) as name from pg_roles union all select 0, 'PUBLIC'),
functions as (
  select f.oid, f.proacl, f.proowner, format('app.%I(%s)', f.proname, oidvectortypes(f.proargtypes)) as name
  from pg_proc f join pg_language l on l.oid = f.prolang
  where f.pronamespace = to_regnamespace('app') and f.prokind = 'f' and l.lanname not in ('internal', 'c')),
acl as (
  select c.relowner as owner, format('app.%I', c.relname) as on_what, null::name as column_name, a.*
  from pg_class c, aclexplode(c.relacl) a where c.relnamespace = to_regnamespace('app') and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  union all
  select c.relowner, format('app.%I', c.relname), t.attname, a.*
  from pg_class c join pg_attribute t on t.attrelid = c.oid and not t.attisdropped, aclexplode(t.attacl) a where c.relnamespace = to_regnamespace('app')
  union all
  select f.proowner, 'function ' || f.name, null, a.* from functions f, aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a
  union all
  select n.nspowner, 'schema app', null, a.* from pg_namespace n, aclexplode(n.nspacl) a where n.nspname = 'app'),
grants as (
  select acl.on_what, r.name as role, privilege_type || coalesce(' (' || quote_ident(column_name) || ')', '') as what, is_grantable
  from acl join roles r on r.oid = acl.grantee where acl.grantee <> acl.owner)

select format('policy %I on app.%I', p.polname, c.relname) as object,
  format('create policy %I on app.%I%s%s to %s%s%s', p.polname, c.relname, case when not p.polpermissive then ' as restrictive' end,
    case p.polcmd when 'r' then ' for select' when 'a' then ' for insert' when 'w' then ' for update' when 'd' then ' for delete' end,
    (select string_agg(r.name, ', ' order by r.name) from roles r where r.oid = any (p.polroles)),
    ' using (' || pg_get_expr(p.polqual, p.polrelid) || ')', ' with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')') as make,
  format('drop policy %I on app.%I', p.polname, c.relname) as unmake
from pg_policy p join pg_class c on c.oid = p.polrelid where c.relnamespace = to_regnamespace('app')
union all
select 'function ' || name, rtrim(pg_get_functiondef(oid), E'\n'), 'drop function ' || name from functions
union all
select format('grant of %s on %s to %s', what, on_what, role), format('grant %s on %s to %s', what, on_what, role) || case when is_grantable then ' with grant option' else '' end,
  format('revoke %s on %s from %s', what, on_what, role)
from grants
union all
select format('constraint %I on app.%I', k.conname, c.relname), format('alter table app.%I add constraint %I %s', c.relname, k.conname, pg_get_constraintdef(k.oid)),
  format('alter table app.%I drop constraint %I', c.relname, k.conname)
from pg_constraint k join pg_class c on c.oid = k.conrelid
where c.relnamespace = to_regnamespace('app') and k.contype in ('p', 'u', 'x', 'f', 'c')
union all
select format('default of %I on app.%I', t.attname, c.relname), format('alter table app.%I alter column %I set default %s', c.relname, t.attname, pg_get_expr(d.adbin, d.adrelid)),
  format('alter table app.%I alter column %I drop default', c.relname, t.attname)
from pg_attrdef d join pg_class c on c.oid = d.adrelid join pg_attribute t on t.attrelid = c.oid and t.attnum = d.adnum
where c.relnamespace = to_regnamespace('app') and t.attgenerated = ''
union all
select format('not null of %I on app.%I', t.attname, c.relname), format('alter table app.%I alter column %I set not null', c.relname, t.attname),
  format('alter table app.%I alter column %I drop not null', c.relname, t.attname)
from pg_class c join pg_attribute t on t.attrelid = c.oid and t.attnum > 0 and t.attnotnull and not t.attisdropped
where c.relnamespace = to_regnamespace('app') and c.relkind in ('r', 'p')
  and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary and t.attnum = any (i.indkey::int2[]))
order by 1
