-- A grant without a policy
-- level: error
-- start: refused
-- covers: splinter 0008; pgrls SEC009, SEC012, SEC022
--
-- The command is granted, and no permissive policy says for which rows. Such a statement touches no row or is refused, so what
-- the API promises fails; and the next policy that somebody adds decides alone.

-- A policy is for one kind of caller, or for members and their keys together.
select array[format('policy %I on %s', g.relname || '_' || lower(g.command) || case kind when 'insightforge_api' then '' else '_' || replace(kind, 'insightforge_', '') end, g.name)]
    || case when 'insightforge_key' = any (array_agg(g.rolname)) then array[format('policy %I on %s', g.relname || '_' || lower(g.command) || '_key', g.name)] else '{}' end || array_agg(distinct g.object),
  format('%s may %s %s, and no policy says which rows', string_agg(distinct quote_ident(g.rolname), ' and '), g.command, g.name),
  format('revoke %s on %s from %s', g.command, g.name, string_agg(distinct quote_ident(g.rolname), ', '))
from granted g join relations r using (oid), replace(g.rolname, '_key', '_api') kind
where g.relkind = 'r' and g.command in ('SELECT', 'INSERT', 'UPDATE', 'DELETE') and r.relrowsecurity
  and not exists (select from policies p where p.polrelid = g.oid and p.polpermissive and (g.role = any (p.polroles) or 0 = any (p.polroles))
    and p.polcmd in ('*', case g.command when 'SELECT' then 'r' when 'INSERT' then 'a' when 'UPDATE' then 'w' else 'd' end))
group by g.name, g.relname, g.command, kind
