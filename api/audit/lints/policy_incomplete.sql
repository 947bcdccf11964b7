-- A policy that is not a complete rule
-- level: error
-- start: refused
-- covers: pgrls SEC006
--
-- USING chooses the rows that are there, WITH CHECK those that are written. A missing WITH CHECK of an UPDATE is taken from
-- USING, which hides what may become of a row; a missing one of an INSERT admits every row.

select array[p.object], format('%s has no %s', p.object, case when p.polcmd <> 'a' and p.polqual is null then 'USING' else 'WITH CHECK' end),
  case when p.polqual is null and p.polcmd <> 'a' or p.polwithcheck is null and p.polcmd = 'a' then format('drop policy %I on %s', p.polname, p.table_name)
    else format('alter policy %I on %s with check (%s)', p.polname, p.table_name, pg_get_expr(p.polqual, p.polrelid)) end
from policies p
where p.polpermissive and (p.polqual is null and p.polcmd <> 'a' or p.polwithcheck is null and p.polcmd in ('a', 'w', '*'))
