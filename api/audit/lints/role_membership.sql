-- A caller that is a member of another role
-- level: error
-- start: refused
-- covers: pgrls SEC029
--
-- SET ROLE reaches every role that one is a member of. The login may be each kind of caller; these may be nobody else, not
-- each other either.

select array['role ' || quote_ident(c.rolname)], format('role %I is a member of %I', c.rolname, r.rolname), format('revoke %I from %I', r.rolname, c.rolname)
from callers c join pg_auth_members m on m.member = c.oid join pg_roles r on r.oid = m.roleid
where not (c.rolname = any ($1::text[]) and r.rolname in ('insightforge_auth', 'insightforge_user', 'insightforge_api', 'insightforge_key', 'insightforge_sealer'))
union all
select array['role ' || quote_ident(c.rolname)], format('role %I may make others members of %I', c.rolname, r.rolname), format('revoke admin option for %I from %I', r.rolname, c.rolname)
from callers c join pg_auth_members m on m.member = c.oid join pg_roles r on r.oid = m.roleid
where m.admin_option and c.rolname = any ($1::text[]) and r.rolname in ('insightforge_auth', 'insightforge_user', 'insightforge_api', 'insightforge_key', 'insightforge_sealer')
