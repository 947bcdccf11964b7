-- A trigger or a rule
-- level: error
-- covers: pgrls SEC013
--
-- It runs code beside the statement that a policy was asked about, with the rights of whoever writes (a rule: of its owner).
-- The product has none; audit rows are written by statements.

select array['table ' || r.name], format('%s has the trigger %I', r.name, t.tgname), format('drop trigger %I on %s', t.tgname, r.name)
from relations r join pg_trigger t on t.tgrelid = r.oid and not t.tgisinternal where r.nspname = 'app'
union all
select array['table ' || r.name], format('%s has the rule %I', r.name, w.rulename), format('drop rule %I on %s', w.rulename, r.name)
from relations r join pg_rewrite w on w.ev_class = r.oid and w.rulename <> '_RETURN' where r.nspname = 'app'
