-- INSERT granted on a whole table
-- level: warning
--
-- Grants of INSERT name their columns: defaults such as created_at and revision are not the caller's to choose, and a column
-- that is added later is not writable by accident.

select array[g.object], format('%I may %s, every column', g.rolname, g.what), format('revoke %s on %s from %I', g.command, g.name, g.rolname)
from granted g where g.command = 'INSERT' and g.column_name is null
