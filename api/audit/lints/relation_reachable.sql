-- A foreign or partitioned table within reach
-- level: error
-- start: refused
-- covers: splinter 0017
--
-- Policies do not hold on a foreign table. Those of a partitioned table do not hold for who reads a partition directly.

select array['table ' || g.name] || array_agg(g.object), format('%I may %s %s, a %s table', g.rolname, g.command, g.name, case g.relkind when 'f' then 'foreign' else 'partitioned' end), format('revoke %s on %s from %I', g.command, g.name, g.rolname)
from granted g where g.relkind in ('f', 'p')
group by g.rolname, g.command, g.name, g.relkind
