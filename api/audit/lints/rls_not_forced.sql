-- Row-level security that is not forced
-- level: error
-- start: refused
-- covers: pgrls SEC002
--
-- The owner of a table passes its policies by unless they are forced: a migration, a definer function or a leaked owner's
-- password would then read and change every tenant's rows.

select array['table ' || r.name], format('row-level security of %s is not forced', r.name), format('alter table %s force row level security', r.name)
from relations r
where r.relkind in ('r', 'p') and r.relrowsecurity and not r.relforcerowsecurity
  and (r.nspname = 'app' or exists (select from granted g where g.oid = r.oid))
