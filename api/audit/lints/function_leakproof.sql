-- A LEAKPROOF function
-- level: error
-- start: refused
-- covers: pgrls SEC017
--
-- PostgreSQL runs a leakproof function before the policy, on rows that the policy hides: with an error message or a side
-- effect it tells them. Only a superuser can say so of a function, and nobody here needs it, LIKE made faster so least of all.

select array[f.object], format('%s is LEAKPROOF', f.object), format('alter %s %s not leakproof', f.kind, f.name)
from functions f where f.proleakproof
union all -- of PostgreSQL's own those that compare, and some that cannot fail, are leakproof from the beginning
select array['function ' || f.oid::regprocedure::text], format('%s is LEAKPROOF', f.oid::regprocedure), format('alter function pg_catalog.%s not leakproof', f.oid::regprocedure)
from pg_proc f
where f.proleakproof and f.pronamespace = 'pg_catalog'::regnamespace and f.oid < 16384
  and (f.proname !~ '(eq|ne|lt|le|gt|ge|cmp|larger|smaller)(text|name|int4)?$' or f.proname ~ 'regex|like')
  and f.proname not in ('bool', 'bytea', 'crc32', 'crc32c', 'float4', 'float8', 'gen_random_uuid', 'int4', 'int8', 'interval', 'macaddr8', 'md5', 'name', 'numeric',
    'sha224', 'sha256', 'sha384', 'sha512', 'starts_with', 'text', 'uuid_extract_timestamp', 'uuid_extract_version', 'varchar')
