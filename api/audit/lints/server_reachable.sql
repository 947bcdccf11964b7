-- A foreign server within reach
-- level: error
--
-- USAGE on a server, or on its wrapper, lets a caller make user mappings and foreign tables: another database, as whoever the
-- mapping says, without policies.

select array['server ' || quote_ident(s.srvname)], format('%s may use the foreign server %I', coalesce(quote_ident(c.rolname), 'PUBLIC'), s.srvname), format('revoke usage on foreign server %I from %s', s.srvname, coalesce(quote_ident(c.rolname), 'public'))
from pg_foreign_server s cross join lateral aclexplode(s.srvacl) a left join callers c on c.oid = a.grantee where a.grantee = 0 or c.oid is not null
union all
select array['wrapper ' || quote_ident(w.fdwname)], format('%s may use the foreign-data wrapper %I', coalesce(quote_ident(c.rolname), 'PUBLIC'), w.fdwname), format('revoke usage on foreign data wrapper %I from %s', w.fdwname, coalesce(quote_ident(c.rolname), 'public'))
from pg_foreign_data_wrapper w cross join lateral aclexplode(w.fdwacl) a left join callers c on c.oid = a.grantee where a.grantee = 0 or c.oid is not null
