-- audit_events   | OWNER | ADMIN | ANALYST | VIEWER | key of that role        | user (the addressee of an invitation) | sealer
-- select         | ✔     | ✔     | own     | own    | ✔, but own is the key's |                                       | ✔
-- insert         | ✔ in one's own name, now: the time is not theirs;        | ✔ that they have declined it          |
--                |   with a key, in the key's as well                       |                                       |
-- update         |       |       |         |        |                         |                                       |
-- delete         |       |       |         |        |                         |                                       |
--
-- Append-only: nobody is granted more. Written in the statement that changes something, or its transaction.

grant select, insert (org_id, id, actor_id, api_key_id, action, refusal, object_id, before, after, request_id, address) on app.audit_events to insightforge_api, insightforge_key;
grant select on app.audit_events to insightforge_sealer;

create policy audit_events_select on app.audit_events for select to insightforge_api
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER') and (app.role() in ('OWNER', 'ADMIN') or actor_id = app.user_id()));
create policy audit_events_insert on app.audit_events for insert to insightforge_api
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER') and actor_id = app.user_id() and api_key_id is null);
create policy audit_events_select_key on app.audit_events for select to insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER') and (app.role() in ('OWNER', 'ADMIN') or api_key_id::text = app.subject()));
create policy audit_events_insert_key on app.audit_events for insert to insightforge_key
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER') and actor_id = app.user_id() and api_key_id::text = app.subject());

grant insert (org_id, id, actor_id, action, object_id, before, request_id, address) on app.audit_events to insightforge_user;
create policy audit_events_insert_user on app.audit_events for insert to insightforge_user
  with check (org_id = app.org_id() and actor_id = app.user_id() and api_key_id is null and action = 'invitation.declined');
create policy audit_events_select_sealer on app.audit_events for select to insightforge_sealer
  using (org_id = app.org_id());
