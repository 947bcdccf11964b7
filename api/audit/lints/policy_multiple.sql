-- Several policies for one command of one role
-- level: error
-- start: refused
-- covers: splinter 0006; pgrls HYG003
--
-- Permissive policies are joined by OR: each widens the others, and none of them says what is allowed. There is one complete
-- rule for each table, command and kind of caller.

select array_agg(p.object order by p.oid desc), format('%I has %s policies for %s on %s', c.rolname, count(*), command, p.table_name),
  format('drop policy %I on %s', (array_agg(p.polname order by p.oid desc))[1], p.table_name)
from policies p join callers c on c.oid = any (p.polroles) or 0 = any (p.polroles),
  unnest(case p.polcmd when 'r' then array['SELECT'] when 'a' then array['INSERT'] when 'w' then array['UPDATE'] when 'd' then array['DELETE'] else array['SELECT', 'INSERT', 'UPDATE', 'DELETE'] end) command
where p.polpermissive
group by c.rolname, command, p.table_name having count(*) > 1
