-- A grant without a policy
-- level: error
-- start: refused
-- covers: splinter 0008; pgrls SEC009, SEC012, SEC022
--
-- The command is granted, and no permissive policy says for which rows. Such a statement touches no row or is refused, so what
-- the API promises fails; and the next policy that somebody adds decides alone.

select array[format('policy %I on %s', g.relname || '_' || lower(g.command) || case g.rolname when 'insightforge_api' then '' else '_' || replace(g.rolname, 'insightforge_', '') end, g.name)]
    || array_agg(distinct g.object),
  format('%I may %s %s, and no policy says which rows', g.rolname, g.command, g.name), format('revoke %s on %s from %I', g.command, g.name, g.rolname)
from granted g join relations r using (oid)
where g.relkind = 'r' and g.command in ('SELECT', 'INSERT', 'UPDATE', 'DELETE') and r.relrowsecurity
  and not exists (select from policies p where p.polrelid = g.oid and p.polpermissive and (g.role = any (p.polroles) or 0 = any (p.polroles))
    and p.polcmd in ('*', case g.command when 'SELECT' then 'r' when 'INSERT' then 'a' when 'UPDATE' then 'w' else 'd' end))
group by g.name, g.relname, g.command, g.rolname
