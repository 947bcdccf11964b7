-- A foreign key without an index
-- level: warning
-- covers: splinter 0001
--
-- Deleting the row that is referred to reads the whole table, of all organizations, for each row deleted.

select array['table ' || r.name], format('the foreign key %I of %s has no index that begins with its columns', k.conname, r.name),
  format('create index on %s (%s)', r.name, (select string_agg(quote_ident(a.attname), ', ' order by o) from unnest(k.conkey) with ordinality c(no, o) join pg_attribute a on a.attrelid = r.oid and a.attnum = c.no))
from pg_constraint k join relations r on r.oid = k.conrelid
where k.contype = 'f' and r.nspname = 'app'
  and not exists (select from pg_index i where i.indrelid = k.conrelid and i.indisvalid and i.indpred is null and cardinality(k.conkey) <= i.indnkeyatts
    and (select array_agg(n) from unnest((i.indkey::int2[])[0:cardinality(k.conkey) - 1]) n) @> k.conkey)
