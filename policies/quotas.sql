-- quotas         | OWNER | ADMIN | ANALYST | VIEWER | user (no organization chosen)
-- select         | ✔     | ✔     | ✔       | ✔      |
-- insert         |       |       |         |        | ✔ the defaults, only inside begin_organization
-- update         | lock  | lock  | lock    | lock   |
-- delete         |       |       |         |        |
--
-- A limit is the operator's to change. Members lock the row before they count, which takes the right to update a column of it:
-- it is locked_at, which is null and stays so. A VIEWER locks too: as one who joins.

grant select, update (locked_at) on app.quotas to insightforge_api, insightforge_key;
grant insert (org_id) on app.quotas to insightforge_user;

create policy quotas_select on app.quotas for select to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER'));
create policy quotas_update on app.quotas for update to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER'))
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER') and locked_at is null);
create policy quotas_insert_user on app.quotas for insert to insightforge_user
  with check (org_id = app.org_id());
