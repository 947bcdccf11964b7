-- api_keys        | OWNER                | ADMIN                           | ANALYST              | VIEWER | auth (the key named)
-- select          | ✔                    | ✔ made by no OWNER, own         | ✔ own                |        | ✔ no names
-- insert for self | ✔                    | ✔ ADMIN, ANALYST, VIEWER        | ✔ ANALYST, VIEWER    |        |
--   for a service | ✔                    | ✔ ANALYST, VIEWER               |                      |        |
-- update          | ✔ revoke             | ✔ revoke: made by no OWNER, own | ✔ revoke own         |        | ✔ last_used_at
-- delete          | (goes with the membership that it acts as)
--
-- "Own" is who has created it. A key for another person is nobody's to make, so an OWNER cannot act as somebody else.
-- creator_role is kept, so that a demoted OWNER's keys stay out of ADMINs' reach.
--
-- Nobody reads secret_hash but the lookup by that hash. USING takes keys that still serve, and WITH CHECK wants them to end
-- within 7 days: what has ended stays so, and expires_at is in no update grant. insightforge_key is granted nothing here.

grant select (org_id, id, user_id, kind, created_by, creator_role, name, role, created_at, expires_at, last_used_at, revoked_at),
  insert (org_id, id, user_id, kind, created_by, creator_role, name, role, secret_hash, expires_at), update (revoked_at) on app.api_keys to insightforge_api;
grant update (revoked_at) on app.api_keys to insightforge_user;
grant select (org_id, id, user_id, role, secret_hash, expires_at, last_used_at, revoked_at), update (last_used_at) on app.api_keys to insightforge_auth;

create policy api_keys_select on app.api_keys for select to insightforge_api
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST')
    and (app.role() = 'OWNER' or created_by = app.user_id() or app.role() = 'ADMIN' and creator_role <> 'OWNER'));
create policy api_keys_insert on app.api_keys for insert to insightforge_api
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and created_by = app.user_id() and creator_role = app.role()
    and (user_id = app.user_id() or kind = 'service' and app.role() in ('OWNER', 'ADMIN'))
    and (app.role() = 'OWNER' or role in ('ANALYST', 'VIEWER') or app.role() = 'ADMIN' and role = 'ADMIN' and user_id = app.user_id()));
create policy api_keys_update on app.api_keys for update to insightforge_api
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST')
    and (app.role() = 'OWNER' or created_by = app.user_id() or app.role() = 'ADMIN' and creator_role <> 'OWNER')
    and (revoked_at is null or revoked_at > now()))
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST')
    and (app.role() = 'OWNER' or created_by = app.user_id() or app.role() = 'ADMIN' and creator_role <> 'OWNER')
    and revoked_at <= now() + interval '7 days');
create policy api_keys_select_auth on app.api_keys for select to insightforge_auth
  using (secret_hash = app.subject());
create policy api_keys_update_auth on app.api_keys for update to insightforge_auth
  using (secret_hash = app.subject()) with check (secret_hash = app.subject());
create policy api_keys_update_user on app.api_keys for update to insightforge_user
  using (org_id = any (app.org_ids()) and (user_id = app.user_id() or created_by = app.user_id()) and (revoked_at is null or revoked_at > now()))
  with check (org_id = any (app.org_ids()) and (user_id = app.user_id() or created_by = app.user_id()) and revoked_at <= now());
