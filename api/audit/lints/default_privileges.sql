-- Default privileges that open what comes next
-- level: error
--
-- Tables and functions that a later migration makes would be within reach before anybody wrote a policy for them. Functions are
-- executable by PUBLIC by default; that is revoked for what insightforge_owner makes.

select array['role ' || quote_ident(pg_get_userbyid(d.defaclrole))], format('%s that %I makes will be %s for %s', case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'n' then 'schemas' else 'types' end,
    pg_get_userbyid(d.defaclrole), a.privilege_type, case a.grantee when 0 then 'PUBLIC' else pg_get_userbyid(a.grantee) end),
  format('alter default privileges for role %I%s revoke %s on %s from %s', pg_get_userbyid(d.defaclrole), (select format(' in schema %I', nspname) from pg_namespace where oid = d.defaclnamespace), a.privilege_type,
    case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'n' then 'schemas' else 'types' end, case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end)
from pg_default_acl d, aclexplode(d.defaclacl) a
where d.defaclobjtype <> 'T' and (a.grantee = 0 or a.grantee in (select oid from callers))
union all
select array['role insightforge_owner'], 'functions that insightforge_owner makes are executable by PUBLIC', 'alter default privileges for role insightforge_owner revoke execute on functions from public'
from pg_roles r
where r.rolname = 'insightforge_owner' and not exists (select from pg_default_acl d where d.defaclrole = r.oid and d.defaclobjtype = 'f' and d.defaclnamespace = 0)
