-- A RESTRICTIVE policy
-- level: error
-- start: refused
-- covers: pgrls SEC012
--
-- Citus turns RESTRICTIVE into PERMISSIVE on its shards: what was to narrow then opens. And it is a second place to look when
-- one asks what is allowed.

select array[p.object], format('%s is RESTRICTIVE', p.object), format('drop policy %I on %s', p.polname, p.table_name)
from policies p where not p.polpermissive
