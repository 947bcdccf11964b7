-- DO within a caller's reach
-- level: error
-- start: refused
--
-- `do $$ … set local app.org_id … $$` is one statement too. Calling functions in plpgsql needs no right to the language.

select array['language ' || quote_ident(l.lanname)], format('%s may run DO blocks in %I', string_agg(c.rolname, ', ' order by c.rolname), l.lanname),
  format('revoke usage on language %I from public, %s', l.lanname, string_agg(quote_ident(c.rolname), ', ' order by c.rolname))
from pg_language l join callers c on has_language_privilege(c.oid, l.oid, 'USAGE') where l.laninline <> 0 group by l.lanname
