-- A function of others within reach
-- level: warning
-- covers: splinter 0014
--
-- Functions of extensions may open files and connections, or run SQL of their own. Callers need those of schema app and of
-- PostgreSQL itself.

select array[f.object], format('%s may be executed by %s', f.object, string_agg(quote_ident(c.rolname), ', ' order by c.rolname)), format('revoke execute on %s %s from public, insightforge_auth, insightforge_user, insightforge_api, insightforge_key, insightforge_sealer, insightforge', f.kind, f.name)
from functions f join callers c on has_function_privilege(c.oid, f.oid, 'EXECUTE') and (has_schema_privilege(c.oid, f.pronamespace, 'USAGE') -- or it is called by another name
  or exists (select from pg_operator o where o.oprcode = f.oid and has_schema_privilege(c.oid, o.oprnamespace, 'USAGE')) or exists (select from pg_cast k where k.castfunc = f.oid))
where f.nspname <> 'app' and not f.prosecdef
group by f.object, f.kind, f.name
