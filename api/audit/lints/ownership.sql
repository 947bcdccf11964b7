-- An object that is not insightforge_owner's
-- level: error
-- start: refused
--
-- Whoever owns a table can switch its policies off, and whoever owns a function can replace it. Everything in schema app belongs
-- to one role that nobody serves with; a caller owns nothing.

select array['table ' || r.name], format('%s is owned by %I', r.name, pg_get_userbyid(r.relowner)), format('alter %s %s owner to insightforge_owner',
  case r.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' else 'table' end, r.name)
from relations r where r.nspname = 'app' and pg_get_userbyid(r.relowner) <> 'insightforge_owner' or r.relowner in (select oid from callers)
union all
select array[f.object], format('%s is owned by %I', f.object, pg_get_userbyid(f.proowner)), format('alter %s %s owner to insightforge_owner', f.kind, f.name)
from functions f where f.nspname = 'app' and pg_get_userbyid(f.proowner) <> 'insightforge_owner' or f.proowner in (select oid from callers)
union all
select array['schema ' || quote_ident(n.nspname)], format('schema %I is owned by %I', n.nspname, pg_get_userbyid(n.nspowner)), format('alter schema %I owner to insightforge_owner', n.nspname)
from pg_namespace n where n.nspname = 'app' and pg_get_userbyid(n.nspowner) <> 'insightforge_owner' or n.nspowner in (select oid from callers)
union all
select array['database ' || quote_ident(d.datname)], format('database %I is owned by %I', d.datname, c.rolname), format('alter database %I owner to insightforge_owner', d.datname)
from pg_database d join callers c on c.oid = d.datdba where d.datname = current_database()
