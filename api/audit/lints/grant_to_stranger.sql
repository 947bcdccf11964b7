-- A right of a role that is no caller
-- level: error
--
-- Policies are written for the product's callers. Another role sees nothing through them, until somebody gives it a policy or
-- BYPASSRLS: then nobody has asked which organization it is in.

select array[format('grant of %s on %s to %I', p.command || coalesce(' (' || quote_ident(p.column_name) || ')', ''), p.name, pg_get_userbyid(p.grantee))],
  format('%I may %s', pg_get_userbyid(p.grantee), p.command || coalesce(' (' || quote_ident(p.column_name) || ')', '') || ' on ' || p.name),
  format('revoke %s on %s from %I', p.command || coalesce(' (' || quote_ident(p.column_name) || ')', ''), p.name, pg_get_userbyid(p.grantee))
from privileges p join relations r using (oid)
where r.nspname = 'app' and p.grantee not in (0, p.relowner) and not exists (select from callers c where c.oid = p.grantee)
