-- A foreign key that spans organizations
-- level: error
--
-- Between tenant tables a reference names the organization on both sides. Otherwise a row can point into another organization,
-- and deleting there deletes here: cascades know no policies.

select array['table ' || t.name, format('constraint %I on %s', k.conname, t.name)], format('the foreign key %I of %s does not name org_id on both sides', k.conname, t.name), format('alter table %s drop constraint %I', t.name, k.conname)
from pg_constraint k join tenant_tables t on t.oid = k.conrelid join tenant_tables f on f.oid = k.confrelid
where k.contype = 'f' and not exists (select from generate_subscripts(k.conkey, 1) i where k.conkey[i] = t.org_no and k.confkey[i] = f.org_no)
