-- A policy FOR ALL commands
-- level: error
-- start: refused
--
-- It gives SELECT, INSERT, UPDATE and DELETE at once, also to what is granted later.

select array[p.object], format('%s is FOR ALL commands', p.object), format('drop policy %I on %s', p.polname, p.table_name)
from policies p where p.polcmd = '*' and p.polpermissive
