-- A context function that is not STABLE
-- level: error
-- start: refused
-- covers: pgrls PERF002
--
-- IMMUTABLE: a cached plan keeps the value, and the next tenant on that connection reads the rows of the one before (seen).
-- VOLATILE: it is evaluated for each row.

select array[f.object], format('%s is %s', f.object, case f.provolatile when 'i' then 'IMMUTABLE' else 'VOLATILE' end), format('alter function %s stable', f.name)
from functions f
where f.nspname = 'app' and f.proname in ('org_id', 'user_id', 'role', 'subject', 'org_ids', 'org_as', 'clearance') and f.provolatile <> 's'
