-- A policy for several kinds of caller, or for none
-- level: warning
--
-- What a caller is decides the role, and each role has its own policies: a rule that serves two kinds of caller serves one of
-- them by accident. One for members and API keys says that a key may what its role may. A policy for a role that is no caller is
-- for somebody whom nobody checks.

select array[p.object], format('%s is for %s', p.object, (select string_agg(pg_get_userbyid(r), ', ' order by pg_get_userbyid(r)) from unnest(p.polroles) r)),
  format('drop policy %I on %s', p.polname, p.table_name)
from policies p
where not 0 = any (p.polroles)
  and not (cardinality(p.polroles) = 2 and p.polroles @> array['insightforge_api'::regrole::oid, 'insightforge_key'::regrole::oid])
  and (cardinality(p.polroles) <> 1 or not p.polroles <@ array(select oid from pg_roles where rolname in ('insightforge_auth', 'insightforge_user', 'insightforge_api', 'insightforge_key', 'insightforge_sealer')))
