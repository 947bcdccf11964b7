-- A table without row-level security
-- level: error
-- start: refused
-- covers: splinter 0007, 0013, 0019, 0023; pgrls SEC001
--
-- Without it grants alone decide, and they know no organization: whoever may read the table reads every tenant's rows.

select array['table ' || r.name], format('%s has no row-level security', r.name), format('alter table %s enable row level security', r.name)
from relations r
where r.relkind in ('r', 'p') and not r.relrowsecurity
  and (r.nspname = 'app' and r.relname <> 'schema_version' or exists (select from granted g where g.oid = r.oid))
