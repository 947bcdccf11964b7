-- audit_seals    | OWNER | ADMIN | ANALYST | VIEWER | sealer
-- select         | ✔     | ✔     |         |        | ✔
-- insert         |       |       |         |        | ✔
-- update         |       |       |         |        |
-- delete         |       |       |         |        |
--
-- No member inserts: whoever could would decide in which order, and whether, something is on the record. A seal tells how many
-- events there are and what the others' are made of, so it is for those who see all events.

grant select on app.audit_seals to insightforge_api;
grant select, insert (org_id, number, event_id, hash) on app.audit_seals to insightforge_sealer;

create policy audit_seals_select on app.audit_seals for select to insightforge_api
  using (org_id = app.org_as('OWNER', 'ADMIN'));
create policy audit_seals_select_sealer on app.audit_seals for select to insightforge_sealer
  using (org_id = app.org_id());
create policy audit_seals_insert_sealer on app.audit_seals for insert to insightforge_sealer
  with check (org_id = app.org_id());
