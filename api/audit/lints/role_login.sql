-- A caller's role that can log in
-- level: error
--
-- Who logs in as insightforge_api has a member's rights without any app.begin_*, and sets app.org_id as he likes. Only a
-- cluster of Citus needs it, whose workers are reached as the current role: without a password, and kept out by pg_hba.conf.

select array['role ' || quote_ident(r.rolname)], format('role %I can log in', r.rolname), format('alter role %I nologin', r.rolname)
from pg_roles r
where r.rolname in ('insightforge_auth', 'insightforge_user', 'insightforge_api', 'insightforge_key', 'insightforge_sealer') and r.rolcanlogin
