-- invitations    | OWNER | ADMIN             | ANALYST | VIEWER | user (the addressee)       | auth (the token named)
-- select         | ✔     | ✔ ANALYST, VIEWER |         |        | ✔ to own address           | ✔
-- insert         | ✔     | ✔ ANALYST, VIEWER |         |        |                            |
-- update         | ✔ open ones and expired   |         |        | ✔ accept, inside           |
--                |   ones: revoke; or send   |         |        |   begin_invitation only;   |
--                |   again, in one's own     |         |        |   decline                  |
--                |   name, for seven days    |         |        |                            |
-- delete         |       |                   |         |        |                            |
--
-- Nobody reads token_hash but the lookup by that hash. USING takes those that are not closed; WITH CHECK wants them closed
-- afterwards, or the inviter of now: what is closed stays as it is, and no invitation says that somebody else has sent it
-- and opens anything. organization_name and invited_by_name are what the server copies; who writes others by injected SQL
-- tells no other lie than who renames the organization or themselves.

grant select (org_id, id, email, role, invited_by, created_at, expires_at, accepted_at, revoked_at, declined_at, resent_at, organization_name, invited_by_name),
  insert (org_id, id, email, role, invited_by, token_hash, organization_name, invited_by_name),
  update (revoked_at, invited_by, token_hash, expires_at, resent_at, organization_name, invited_by_name) on app.invitations to insightforge_api;
grant select (org_id, id, email, role, invited_by, created_at, expires_at, accepted_at, revoked_at, declined_at, organization_name, invited_by_name),
  update (accepted_at, declined_at) on app.invitations to insightforge_user;
grant select (org_id, id, email, token_hash, expires_at) on app.invitations to insightforge_auth;

create policy invitations_select on app.invitations for select to insightforge_api
  using (org_id = app.org_as('OWNER', 'ADMIN') and (app.role() = 'OWNER' or role in ('ANALYST', 'VIEWER')));
create policy invitations_insert on app.invitations for insert to insightforge_api
  with check (org_id = app.org_as('OWNER', 'ADMIN') and invited_by = app.user_id() and (app.role() = 'OWNER' or role in ('ANALYST', 'VIEWER')));
create policy invitations_update on app.invitations for update to insightforge_api
  using (org_id = app.org_as('OWNER', 'ADMIN') and (app.role() = 'OWNER' or role in ('ANALYST', 'VIEWER'))
    and accepted_at is null and revoked_at is null and declined_at is null)
  with check (org_id = app.org_as('OWNER', 'ADMIN') and (app.role() = 'OWNER' or role in ('ANALYST', 'VIEWER'))
    and (revoked_at is not null or invited_by = app.user_id() and expires_at <= now() + interval '7 days'));
create policy invitations_select_user on app.invitations for select to insightforge_user
  using (email = app.subject());
create policy invitations_update_user on app.invitations for update to insightforge_user
  using (org_id = app.org_id() and email = app.subject() and accepted_at is null and revoked_at is null and declined_at is null)
  with check (org_id = app.org_id() and email = app.subject() and (declined_at is not null or accepted_at is not null and role = app.role()));
create policy invitations_select_auth on app.invitations for select to insightforge_auth
  using (token_hash = app.subject());
