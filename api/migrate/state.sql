-- What the policies package made, as one value: it is noted when the package is installed and compared at start-up, so
-- that a policy, a grant or a function changed by hand is seen.

select md5(coalesce(string_agg(line, E'\n' order by line collate "C"), ''))
from (
  select concat_ws('|', 'policy', c.relname, p.polname, p.polpermissive, p.polcmd, pg_get_expr(p.polqual, p.polrelid),
    pg_get_expr(p.polwithcheck, p.polrelid), (select string_agg(r.rolname, ',' order by r.rolname) from pg_roles r where r.oid = any (p.polroles)))
  from pg_policy p join pg_class c on c.oid = p.polrelid
  where c.relnamespace = to_regnamespace('app')
  union all
  select concat_ws('|', 'function', pg_get_functiondef(f.oid), f.proacl)
  from pg_proc f where f.pronamespace = to_regnamespace('app') and f.prokind in ('f', 'p')
  union all
  select concat_ws('|', 'table', c.relname, c.relacl) from pg_class c where c.relnamespace = to_regnamespace('app') and c.relkind = 'r'
  union all
  select concat_ws('|', 'column', c.relname, a.attname, a.attacl)
  from pg_attribute a join pg_class c on c.oid = a.attrelid
  where c.relnamespace = to_regnamespace('app') and a.attacl is not null
) lines(line)
