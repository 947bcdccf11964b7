-- A SECURITY DEFINER function within reach
-- level: error
-- start: refused
-- covers: splinter 0028, 0029; pgrls SEC014, SEC015, VIEW004
--
-- It runs as its owner, whom no policy of a caller binds, with the caller's arguments and search_path. What callers do is done
-- as the caller.

select array[f.object], format('%s is SECURITY DEFINER', f.object), case when f.nspname = 'app' then format('alter %s %s security invoker', f.kind, f.name)
  else format('revoke execute on %s %s from public, insightforge_auth, insightforge_user, insightforge_api, insightforge_key, insightforge_sealer, insightforge', f.kind, f.name) end
from functions f
where f.prosecdef and (f.nspname = 'app' or exists (select from callers c where has_function_privilege(c.oid, f.oid, 'EXECUTE')
  and (has_schema_privilege(c.oid, f.pronamespace, 'USAGE') -- a default, an index, a cast or an operator calls it without that
    or exists (select from pg_depend d where d.refclassid = 'pg_proc'::regclass and d.refobjid = f.oid and d.classid <> 'pg_proc'::regclass))))
