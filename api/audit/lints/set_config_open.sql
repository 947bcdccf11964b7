-- set_config within a caller's reach
-- level: error
-- start: refused
--
-- `select set_config('app.org_id', …)` inside one injected statement changes the organization that every policy compares with
-- (seen: it returned the other tenant's rows). Nothing in the product calls it.

select array['function pg_catalog.set_config(text, text, boolean)'], format('%s may call set_config', string_agg(c.rolname, ', ' order by c.rolname)),
  format('revoke execute on function pg_catalog.set_config(text, text, boolean) from public, %s', string_agg(quote_ident(c.rolname), ', ' order by c.rolname))
from callers c where has_function_privilege(c.oid, 'pg_catalog.set_config(text, text, boolean)', 'EXECUTE') having count(*) > 0
