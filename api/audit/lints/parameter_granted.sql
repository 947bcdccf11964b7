-- A setting of the server that a caller may change
-- level: error
--
-- session_replication_role switches foreign keys off, others change where the server loads code from or what it logs. No caller
-- needs more than the settings that everybody may change.

select array['parameter ' || p.parname], format('%s may %s %s', coalesce(quote_ident(c.rolname), 'PUBLIC'), a.privilege_type, p.parname),
  format('revoke %s on parameter %s from %s', a.privilege_type, p.parname, coalesce(quote_ident(c.rolname), 'public'))
from pg_parameter_acl p cross join lateral aclexplode(p.paracl) a left join callers c on c.oid = a.grantee
where a.grantee = 0 or c.oid is not null
