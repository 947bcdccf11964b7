-- A materialized view
-- level: error
-- start: refused
-- covers: splinter 0016; pgrls VIEW003
--
-- It keeps rows of all organizations, and row-level security cannot be enabled on it.

select array['table ' || r.name], format('%s is a materialized view', r.name), format('drop materialized view %s', r.name)
from relations r where r.relkind = 'm' and (r.nspname = 'app' or exists (select from granted g where g.oid = r.oid))
