-- An organization that may be null
-- level: error
-- covers: pgrls SEC030
--
-- A row without an organization is nobody's: no policy shows it, and no key keeps it apart.

select array['table ' || t.name], format('%s.org_id may be null', t.name), format('alter table %s alter column org_id set not null', t.name)
from tenant_tables t where not t.org_not_null
