-- audit_events   | OWNER | ADMIN | ANALYST | VIEWER | sealer
-- select         | ✔     | ✔     | own     | own    | ✔
-- insert         | ✔ in one's own name, now: the time is not theirs |
-- update         |       |       |         |        |
-- delete         |       |       |         |        |
--
-- Append-only: nobody is granted more. Written in the statement that changes something, or its transaction.

grant select, insert (org_id, id, actor_id, api_key_id, action, refusal, object_id, before, after, request_id, address) on app.audit_events to insightforge_api;
grant select on app.audit_events to insightforge_sealer;

create policy audit_events_select on app.audit_events for select to insightforge_api
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER') and (app.role() in ('OWNER', 'ADMIN') or actor_id = app.user_id()));
create policy audit_events_insert on app.audit_events for insert to insightforge_api
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER') and actor_id = app.user_id() and api_key_id is null);
create policy audit_events_select_sealer on app.audit_events for select to insightforge_sealer
  using (org_id = app.org_id());
