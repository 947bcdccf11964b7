-- UPDATE of a key or of a creator granted
-- level: error
--
-- With org_id a row moves to another organization, with id or created_by it changes its identity or its owner. Policies see only
-- the row before or the row after; that the two belong together is what the missing grant says.

select array[g.object], format('%I may %s', g.rolname, g.what), format('revoke %s on %s from %I', g.command || coalesce(' (' || quote_ident(g.column_name) || ')', ''), g.name, g.rolname)
from granted g
where g.command = 'UPDATE' and (g.column_name is null or g.column_name in ('org_id', 'id', 'user_id', 'created_by')
  or exists (select from pg_index i join pg_attribute a on a.attrelid = g.oid and a.attnum = any (i.indkey::int2[]) where i.indrelid = g.oid and i.indisprimary and a.attname = g.column_name))
