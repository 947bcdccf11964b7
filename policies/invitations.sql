-- invitations    | OWNER | ADMIN             | ANALYST | VIEWER | user (accepting)   | auth (the token named)
-- select         | ✔     | ✔ ANALYST, VIEWER |         |        | ✔ to own address   | ✔
-- insert         | ✔     | ✔ ANALYST, VIEWER |         |        |                    |
-- update         | ✔ revoke open ones        |         |        | ✔ accept           |
-- delete         |       |                   |         |        |                    |
--
-- Nobody reads token_hash but the lookup by that hash. USING takes open ones only, and WITH CHECK wants them closed
-- afterwards: what is closed stays as it is.

grant select (org_id, id, email, role, invited_by, created_at, expires_at, accepted_at, revoked_at),
  insert (org_id, id, email, role, invited_by, token_hash), update (revoked_at) on app.invitations to insightforge_api;
grant select (org_id, id, email, role, expires_at, accepted_at, revoked_at), update (accepted_at) on app.invitations to insightforge_user;
grant select (org_id, id, email, role, invited_by, token_hash, expires_at, accepted_at, revoked_at) on app.invitations to insightforge_auth;

create policy invitations_select on app.invitations for select to insightforge_api
  using (org_id = app.org_as('OWNER', 'ADMIN') and (app.role() = 'OWNER' or role in ('ANALYST', 'VIEWER')));
create policy invitations_insert on app.invitations for insert to insightforge_api
  with check (org_id = app.org_as('OWNER', 'ADMIN') and invited_by = app.user_id() and (app.role() = 'OWNER' or role in ('ANALYST', 'VIEWER')));
create policy invitations_update on app.invitations for update to insightforge_api
  using (org_id = app.org_as('OWNER', 'ADMIN') and (app.role() = 'OWNER' or role in ('ANALYST', 'VIEWER')) and revoked_at is null and accepted_at is null)
  with check (org_id = app.org_as('OWNER', 'ADMIN') and (app.role() = 'OWNER' or role in ('ANALYST', 'VIEWER')) and revoked_at is not null);
create policy invitations_select_user on app.invitations for select to insightforge_user
  using (email = app.subject());
create policy invitations_update_user on app.invitations for update to insightforge_user
  using (org_id = app.org_id() and email = app.subject() and revoked_at is null and accepted_at is null)
  with check (org_id = app.org_id() and email = app.subject() and accepted_at is not null);
create policy invitations_select_auth on app.invitations for select to insightforge_auth
  using (token_hash = app.subject());
