-- Audit events that are not what was sealed
-- level: error
-- reads: rows
--
-- The audit events of an organization are a chain: seal n is the SHA-256 of seal n-1 followed by event n. Here each seal is
-- computed again. An event was changed or removed, a seal was, or an event has had no seal for an hour: no server was up to
-- seal it, or it was put there by hand. Somebody who may write both tables can compute the chain anew from where they changed
-- it: compare the last seal of an earlier export with the same number today. As a superuser, psql -f runs this file as it is.

with events as (
  select e.org_id, e.id, e.at,
convert_to(jsonb_build_array(e.org_id, e.id, extract(epoch from e.at), e.actor_id, e.api_key_id, e.action, e.refusal, e.object_id,
  e.before, e.after, e.request_id, e.address)::text, 'UTF8') as content
  from app.audit_events e),
chain as (
  select s.org_id, s.number, s.event_id, s.hash, e.id is null as gone, lag(s.number, 1, 0::bigint) over w as before,
    sha256(coalesce(lag(s.hash) over w, '') || e.content) as computed
  from app.audit_seals s left join events e on e.org_id = s.org_id and e.id = s.event_id
  window w as (partition by s.org_id order by s.number)),
faults as (
  select org_id, number, case
      when number <> before + 1 then format('seal %s follows seal %s: those between are missing', number, before)
      when gone then format('event %s, which seal %s sealed, is missing', event_id, number)
      when hash <> computed then format('event %s or the seal before it is not what seal %s sealed', event_id, number)
    end as fault
  from chain
  union all
  select e.org_id, null, format('event %s has not been sealed for more than an hour', e.id)
  from events e where e.at < now() - interval '1 hour' and not exists (select from app.audit_seals s where s.org_id = e.org_id and s.event_id = e.id))
select array['audit chain of organization ' || org_id],
  (array_agg(fault order by number))[1] || case when count(*) > 1 then format(', and %s more', count(*) - 1) else '' end, ''
from faults where fault is not null group by org_id order by org_id
