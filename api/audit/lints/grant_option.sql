-- A grant that may be passed on
-- level: error
--
-- WITH GRANT OPTION lets a caller give the right to others, PUBLIC among them.

select array[g.object], format('%I may pass on %s', g.rolname, g.what), format('revoke grant option for %s on %s from %I', g.command || coalesce(' (' || quote_ident(g.column_name) || ')', ''), g.name, g.rolname)
from granted g where g.is_grantable
