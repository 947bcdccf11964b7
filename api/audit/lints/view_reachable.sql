-- A view within reach
-- level: error
-- start: refused
-- covers: splinter 0002, 0010; pgrls VIEW001, VIEW002, VIEW004
--
-- A view is read as its owner unless it is security_invoker, and the policies are then the owner's. Callers read tables.

select array['table ' || g.name] || array_agg(g.object), format('%I may %s the view %s', g.rolname, g.command, g.name), format('revoke %s on %s from %I', g.command, g.name, g.rolname)
from granted g where g.relkind = 'v'
group by g.rolname, g.command, g.name
