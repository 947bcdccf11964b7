-- An owner that can log in
-- level: warning
--
-- The owner of the tables is for migrations. Where it can log in, its password is as good as the data; make the person or the
-- pipeline that migrates a member of it instead.

select array['role insightforge_owner'], 'insightforge_owner can log in', 'alter role insightforge_owner nologin'
from pg_roles where rolname = 'insightforge_owner' and rolcanlogin
