-- A role with more than it needs
-- level: error
-- start: refused
-- covers: pgrls SEC016, SEC023
--
-- SUPERUSER and BYPASSRLS pass every policy by, REPLICATION reads the log of all changes, CREATEROLE and CREATEDB make ways
-- around. None of the product's roles has any of them, the owner included.

select array['role ' || quote_ident(r.rolname)], format('role %I is %s', r.rolname, attribute), format('alter role %I %s', r.rolname, mend)
from pg_roles r, lateral (values ('a superuser', r.rolsuper, 'nosuperuser'), ('BYPASSRLS', r.rolbypassrls, 'nobypassrls'), ('CREATEROLE', r.rolcreaterole, 'nocreaterole'),
  ('CREATEDB', r.rolcreatedb, 'nocreatedb'), ('REPLICATION', r.rolreplication, 'noreplication')) a(attribute, has, mend)
where a.has and (r.rolname in ('insightforge_auth', 'insightforge_user', 'insightforge_api', 'insightforge_key', 'insightforge_sealer', 'insightforge_owner') or r.rolname = any ($1::text[]))
