-- An owner whose mistakes are silent
-- level: warning
--
-- The policies bind the owner too. With row_security = off stored for it, what it may not see is an error; without, a backup or a
-- migration of its own copies and changes no rows, and says nothing.

select array['role insightforge_owner'], 'row_security = off is not stored for insightforge_owner', 'alter role insightforge_owner set row_security = off'
from pg_roles r
where r.rolname = 'insightforge_owner' and not exists (select from pg_db_role_setting s where s.setrole = r.oid and s.setdatabase = 0 and 'row_security=off' = any (s.setconfig))
