-- A login that inherits its callers' rights
-- level: error
-- start: refused
--
-- A login with INHERIT has at once what all kinds of caller may, without any begin: statements outside a begun transaction
-- are then refused by nothing.

select array['role ' || quote_ident(r.rolname)], format('role %I has INHERIT: what it is a member of must be taken by begin_* only', r.rolname), format('alter role %I noinherit', r.rolname)
from pg_roles r where r.rolname = any ($1::text[]) and r.rolinherit and not r.rolsuper
union all -- from PostgreSQL 16 on each membership says it for itself
select array['role ' || quote_ident(r.rolname)], format('role %I inherits from %I: it must be taken by begin_* only', r.rolname, of.rolname), format('grant %I to %I with inherit false', of.rolname, r.rolname)
from pg_auth_members m join pg_roles r on r.oid = m.member join pg_roles of on of.oid = m.roleid
where r.rolname = any ($1::text[]) and not r.rolsuper and (to_jsonb(m) ->> 'inherit_option')::boolean
