-- A foreign key that is not enforced
-- level: error
--
-- `alter table … disable trigger all` switches off the triggers that check foreign keys: rows can then point into another
-- organization, and deletions leave orphans.

select array['table ' || r.name], format('foreign keys of %s are not enforced', r.name), format('alter table %s enable trigger all', r.name)
from relations r
where r.nspname = 'app' and exists (select from pg_trigger t where t.tgrelid = r.oid and t.tgisinternal and t.tgenabled <> 'O')
