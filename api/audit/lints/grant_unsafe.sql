-- TRUNCATE, REFERENCES or TRIGGER granted
-- level: error
-- start: refused
--
-- TRUNCATE knows no policies and empties the table for everybody. REFERENCES lets a foreign key ask whether a row exists.
-- TRIGGER runs code of one's own as whoever writes next.

select array[g.object], format('%I may %s', g.rolname, g.what), format('revoke %s on %s from %I', g.command || coalesce(' (' || quote_ident(g.column_name) || ')', ''), g.name, g.rolname)
from granted g where g.command not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
