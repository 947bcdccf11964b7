-- Settings stored for callers
-- level: error
-- start: refused
--
-- A stored setting is there when a connection begins: app.org_id would be an organization that nobody begun with, role another
-- role, search_path another resolution of names. The product stores none for its callers.

select array['role ' || quote_ident(c.rolname)], format('settings are stored for role %I: %s', c.rolname, array_to_string(s.setconfig, ', ')),
  format('alter role %I%s reset all', c.rolname, (select format(' in database %I', datname) from pg_database where oid = s.setdatabase))
from pg_db_role_setting s join callers c on c.oid = s.setrole
where exists (select from unnest(s.setconfig) setting where setting !~ '^citus\.')
union all
select array['database ' || quote_ident(current_database())], format('a setting is stored for every role: %s', setting),
  case when s.setdatabase = 0 then format('alter role all reset %s', split_part(setting, '=', 1)) else format('alter database %I reset %s', current_database(), split_part(setting, '=', 1)) end
from pg_db_role_setting s, unnest(s.setconfig) setting
where s.setrole = 0 and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
  and setting ~* '^(role|session_authorization|row_security|search_path|session_replication_role|app\.[^=]*)='
