-- Channels between tenants within reach
-- level: warning
--
-- Large objects, notifications, advisory locks and logical messages know no organization: through them one tenant's injected
-- statement can leave something for another's, or hold it up. No part of the product uses them.

select array['database ' || quote_ident(current_database())], format('callers may execute %s', string_agg(name, ', ' order by name)),
  string_agg(format('revoke execute on function %s from public, insightforge, insightforge_auth, insightforge_user, insightforge_api, insightforge_key, insightforge_sealer', name), '; ' order by name)
from (select f.oid::regprocedure::text as name from pg_proc f
  where f.pronamespace = 'pg_catalog'::regnamespace and (f.proname in ('pg_notify', 'pg_logical_emit_message', 'loread', 'lowrite') or f.proname ~ '^(lo_|pg_(try_)?advisory_)')
    and exists (select from callers c where has_function_privilege(c.oid, f.oid, 'EXECUTE'))) open
having count(*) > 0
