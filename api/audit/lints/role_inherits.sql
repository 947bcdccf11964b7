-- A login that inherits its callers' rights
-- level: error
-- start: refused
--
-- A login with INHERIT has at once what all four kinds of caller may, without any begin: statements outside a begun transaction
-- are then refused by nothing.

select array['role ' || quote_ident(r.rolname)], format('role %I has INHERIT: what it is a member of must be taken by begin_* only', r.rolname), format('alter role %I noinherit', r.rolname)
from pg_roles r where r.rolname = any ($1::text[]) and r.rolinherit and not r.rolsuper
