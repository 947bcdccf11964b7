-- A context function that the planner cannot look into
-- level: warning
-- covers: splinter 0003; pgrls PERF001
--
-- Only a plain SQL function is inlined: no SET clause, not SECURITY DEFINER, body as RETURN. Inlined, the equality of the
-- policy becomes a One-Time Filter; otherwise a call for each row (3 times slower over 1M rows).

select array[f.object], format('%s is not inlined', f.object), format('alter function %s security invoker reset all', f.name)
from functions f join pg_proc p using (oid)
where f.nspname = 'app' and f.proname in ('org_id', 'user_id', 'role', 'subject', 'org_ids', 'org_as', 'clearance')
  and (p.proconfig is not null or p.prosecdef or p.prosqlbody is null)
