-- organizations  | OWNER             | ADMIN | ANALYST | VIEWER | user (no organization chosen)
-- select         | ✔                 | ✔     | ✔       | ✔      | ✔ those one belongs to         (keys: its time zone)
-- insert         |                   |       |         |        | ✔ only inside app.begin_organization
-- update         | ✔, and delete now | ✔     |         |        | ✔ restore, only inside app.begin_restoration
-- delete         |                   |       |         |        |
--
-- A deletion sets deleted_at. USING takes live ones only, and WITH CHECK wants them live afterwards, or deleted now by an OWNER: a
-- time of the past would take the 30 days away in which an OWNER restores. The rows go with `insightforge purge`.

grant select, update (name, slug, time_zone, deleted_at, updated_at, revision) on app.organizations to insightforge_api;
grant select (id, time_zone) on app.organizations to insightforge_key;
grant select, insert (id, name, slug, created_by), update (deleted_at, updated_at, revision) on app.organizations to insightforge_user;

create policy organizations_select on app.organizations for select to insightforge_api, insightforge_key
  using (id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER'));
create policy organizations_update on app.organizations for update to insightforge_api
  using (id = app.org_as('OWNER', 'ADMIN') and deleted_at is null)
  with check (id = app.org_as('OWNER', 'ADMIN') and (deleted_at is null or app.role() = 'OWNER' and deleted_at > now() - interval '1 minute'));
create policy organizations_select_user on app.organizations for select to insightforge_user
  using (id = any (app.org_ids()));
create policy organizations_insert_user on app.organizations for insert to insightforge_user
  with check (id = app.org_id() and created_by = app.user_id());
create policy organizations_update_user on app.organizations for update to insightforge_user
  using (id = app.org_id() and app.role() = 'OWNER')
  with check (id = app.org_id() and app.role() = 'OWNER' and deleted_at is null);
