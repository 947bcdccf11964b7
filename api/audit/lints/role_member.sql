-- A role that may become a caller
-- level: warning
--
-- Members of the login role may call app.begin_* and so become any user of any organization; members of a caller's role have
-- its rights without any begin, and set app.org_id as they like. The one is the owner, for audits, the other the login role.

select array['role ' || quote_ident(pg_get_userbyid(m.member))], format('role %I is a member of %I', pg_get_userbyid(m.member), c.rolname), format('revoke %I from %I', c.rolname, pg_get_userbyid(m.member))
from callers c join pg_auth_members m on m.roleid = c.oid join pg_roles r on r.oid = m.member
where not r.rolsuper and case when c.rolname = any ($1::text[]) then r.rolname <> 'insightforge_owner' else r.rolname <> 'insightforge' end
