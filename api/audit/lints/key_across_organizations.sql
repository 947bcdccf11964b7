-- A key that spans organizations
-- level: error
--
-- A unique key, or an exclusion, that does not begin with org_id answers across organizations: 23505 (23P01) tells that somebody
-- else has the value, and ON CONFLICT reaches for that row.

select array['table ' || t.name] || array(select format('constraint %I on %s', k.conname, t.name) from pg_constraint k where k.conindid = i.indexrelid and k.conrelid = t.oid), format('the key %s of %s does not begin with org_id', i.indexrelid::regclass, t.name),
  coalesce((select format('alter table %s drop constraint %I', t.name, k.conname) from pg_constraint k where k.conindid = i.indexrelid and k.conrelid = t.oid), format('drop index %s', i.indexrelid::regclass))
from tenant_tables t join pg_index i on i.indrelid = t.oid
where (i.indisunique or i.indisexclusion) and i.indkey[0] <> t.org_no
