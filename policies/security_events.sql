-- security_events | auth | user (own)                    | api
-- select          |      | ✔                             |
-- insert          |      | ✔ now: the time is not theirs |
-- update          |      |                               |
-- delete          |      |                               |
--
-- Append-only: nobody is granted more. Written in the statement that does what it records, or the transaction.

grant select, insert (user_id, id, kind, session_id, device, address) on app.security_events to insightforge_user;

create policy security_events_select_user on app.security_events for select to insightforge_user using (user_id = app.user_id());
create policy security_events_insert_user on app.security_events for insert to insightforge_user with check (user_id = app.user_id());
