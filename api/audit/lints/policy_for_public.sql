-- A policy for PUBLIC
-- level: error
-- start: refused
-- covers: pgrls SEC003
--
-- It holds for every role there is or will be, the login role and API keys among them.

select array[p.object], format('%s is for PUBLIC', p.object), format('drop policy %I on %s', p.polname, p.table_name)
from policies p where 0 = any (p.polroles)
