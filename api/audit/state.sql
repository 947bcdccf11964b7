-- What sql/ and policies/ make that isolation rests on: each policy, function, grant, constraint and column, the statement that makes
-- it and the one that takes it away. What a server may lack (app.expand, in language internal) is left out.

with roles as (select oid, quote_ident(rolname) as name from pg_roles union all select 0, 'PUBLIC'),
functions as (
  select f.oid, f.prokind, f.proacl, f.proowner, format('app.%I(%s)', f.proname, oidvectortypes(f.proargtypes)) as name
  from pg_proc f join pg_language l on l.oid = f.prolang
  where f.pronamespace = to_regnamespace('app') and not (f.proname = 'expand' and l.lanname = 'internal' and f.prosrc = 'array_unnest')),
columns as (
  select c.relname, a.attname, a.attnotnull, a.attgenerated, pg_get_expr(d.adbin, d.adrelid) as expression, format_type(a.atttypid, a.atttypmod)
      || case when a.attcollation <> y.typcollation then ' collate ' || a.attcollation::regcollation else '' end
      || case when a.attgenerated <> '' then ' generated always as (' || pg_get_expr(d.adbin, d.adrelid) || ')' else '' end as type
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped join pg_type y on y.oid = a.atttypid left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
  where c.relnamespace = to_regnamespace('app') and c.relkind in ('r', 'p') and c.relname <> 'schema_version'), -- which is tern's
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
select 'function ' || name, case prokind when 'a' then 'create aggregate ' || name else rtrim(pg_get_functiondef(oid), E'\n') end,
  case when prokind in ('a', 'p') then 'drop routine ' else 'drop function ' end || name
from functions
union all
select format('grant of %s on %s to %s', what, on_what, role), format('grant %s on %s to %s', what, on_what, role) || case when is_grantable then ' with grant option' else '' end,
  format('revoke %s on %s from %s', what, on_what, role)
from grants
union all
select format('constraint %I on app.%I', k.conname, c.relname), format('alter table app.%I add constraint %I %s', c.relname, k.conname, pg_get_constraintdef(k.oid)),
  format('alter table app.%I drop constraint %I', c.relname, k.conname)
from pg_constraint k join pg_class c on c.oid = k.conrelid
where c.relnamespace = to_regnamespace('app') and k.contype in ('p', 'u', 'f', 'c', 'x')
union all -- what an index that is no constraint does beside finding rows: it refuses some, or calls functions
select format('index %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid), format('drop index %s', i.indexrelid::regclass)
from pg_index i join pg_class c on c.oid = i.indrelid
where c.relnamespace = to_regnamespace('app') and (i.indisunique or i.indexprs is not null or i.indpred is not null)
  and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
union all
select format('column app.%I.%I', relname, attname), format('alter table app.%I add column %I %s', relname, attname, type), format('alter table app.%I drop column %I', relname, attname) from columns
union all
select format('default of app.%I.%I', relname, attname), format('alter table app.%I alter column %I set default %s', relname, attname, expression), format('alter table app.%I alter column %I drop default', relname, attname)
from columns where expression is not null and attgenerated = ''
union all
select format('not null of app.%I.%I', relname, attname), format('alter table app.%I alter column %I set not null', relname, attname), format('alter table app.%I alter column %I drop not null', relname, attname)
from columns where attnotnull
order by 1
