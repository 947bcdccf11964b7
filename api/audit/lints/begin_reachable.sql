-- A caller who may begin a second time
-- level: error
-- start: refused
--
-- Only the login role may call app.begin_*, and the roles that these switch to may not: that is what makes a second begin in one
-- transaction fail. With the right to it, one injected statement chooses its user and organization.

select array[f.object, format('grant of EXECUTE on function %s to %I', f.name, c.rolname)], format('%I may execute %s: a second begin would be allowed', c.rolname, f.name), format('revoke execute on function %s from %I', f.name, c.rolname)
from functions f, aclexplode(f.proacl) a join callers c on c.oid = a.grantee
where f.nspname = 'app' and f.proname ~ '^begin_' and c.rolname in ('insightforge_auth', 'insightforge_user', 'insightforge_api', 'insightforge_key', 'insightforge_sealer')
