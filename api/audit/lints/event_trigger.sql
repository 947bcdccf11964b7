-- An event trigger
-- level: warning
--
-- It runs code whenever somebody creates, changes or drops something, as whoever that is: at a migration, as the owner of the
-- tables or as a superuser. The product has none.

select array['event trigger ' || quote_ident(e.evtname)], format('the event trigger %I calls %s', e.evtname, e.evtfoid::regprocedure), format('drop event trigger %I', e.evtname)
from pg_event_trigger e where e.evtenabled <> 'D' and not exists (select from pg_depend d where d.classid = 'pg_event_trigger'::regclass and d.objid = e.oid and d.deptype = 'e')
