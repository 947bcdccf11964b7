-- The ways into a transaction. The login role may do nothing else; the roles these switch to may not call them, so a
-- second begin in a transaction is refused by privilege (42501).
--
-- Each assigns every variable and the role, for this transaction only. They are SECURITY INVOKER and read tables only
-- through the policies, as the role they have just taken. SET LOCAL rather than set_config(): it reaches Citus workers,
-- and set_config can then be revoked from PUBLIC. Their search_path is fixed, whatever the session's is.
--
-- Errors: P0002 not a member, or nothing there; 28000 the user is gone; IF001–IF003 why an invitation is refused;
-- IF004 a token that serves no more.

-- A caller not known yet: may reach only what p_subject names (an address, a session id, a token's hash).
create or replace function app.begin_auth(p_subject text) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute format('set local app.user_id = ''''; set local app.org_id = ''''; set local app.role = ''''; set local app.org_ids = '''';
    set local app.subject = %L; set local role insightforge_auth', p_subject);
end
$$;

-- A person, no organization chosen.
create or replace function app.begin_user(p_user uuid) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute format('set local app.user_id = %L; set local app.org_id = ''''; set local app.role = ''''; set local app.org_ids = '''';
    set local app.subject = ''''; set local role insightforge_user', p_user);
  perform from app.users where id = p_user;
  if not found then
    raise exception 'no such user' using errcode = '28000';
  end if;
  execute format('set local app.org_ids = %L',
    (select coalesce(string_agg(org_id::text, ','), '') from app.memberships where user_id = p_user));
end
$$;

-- A member inside one organization, with the role that the membership has now. The API's statements name their rows by
-- keys and compare with STABLE functions, so one plan fits all values; left to itself PostgreSQL plans each list anew
-- (because of its LIMIT), which takes twice as long as running it. Nothing here runs long enough to be compiled.
create or replace function app.begin_request(p_user uuid, p_org uuid) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  member_role text;
begin
  execute format('set local app.user_id = %L; set local app.org_id = ''''; set local app.role = ''''; set local app.org_ids = '''';
    set local app.subject = ''''; set local plan_cache_mode = force_generic_plan; set local jit = off; set local role insightforge_user', p_user);
  select role into member_role from app.memberships where org_id = p_org and user_id = p_user;
  if not found then
    raise exception 'not a member' using errcode = 'P0002';
  end if;
  execute format('set local app.org_id = %L; set local app.role = %L; set local role insightforge_api', p_org, member_role);
end
$$;

-- A person who creates an organization and is its OWNER. The insert comes first and is plain: the primary key decides.
-- With ON CONFLICT this would be a way into an organization that exists.
create or replace function app.begin_organization(p_user uuid, p_org uuid, p_name text) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  person record;
begin
  execute format('set local app.user_id = %L; set local app.org_id = %L; set local app.role = ''OWNER''; set local app.org_ids = '''';
    set local app.subject = ''''; set local role insightforge_user', p_user, p_org);
  select email, full_name into person from app.users where id = p_user for share; -- an address that is being changed is waited for
  if not found then
    raise exception 'no such user' using errcode = '28000';
  end if;
  execute format('set local app.subject = %L', person.email);
  insert into app.organizations (id, name, created_by) values (p_org, p_name, p_user);
  insert into app.memberships (org_id, user_id, role, full_name) values (p_org, p_user, 'OWNER', person.full_name);
  insert into app.member_emails (org_id, user_id, email) values (p_org, p_user, person.email);
  set local app.subject = '';
  set local role insightforge_api;
end
$$;

-- A person who accepts the invitation whose token has this hash. It acts on that one row, for that address only, and
-- looks up again whether the inviter may still invite to that role.
create or replace function app.begin_invitation(p_user uuid, p_hash text) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  person record;
  invitation record;
  inviter_role text;
begin
  execute format('set local app.user_id = ''''; set local app.org_id = ''''; set local app.role = ''''; set local app.org_ids = '''';
    set local app.subject = %L; set local role insightforge_auth', p_hash);
  select org_id, id, email, role, invited_by, accepted_at is null and revoked_at is null and expires_at > now() as open
    into invitation from app.invitations where token_hash = p_hash;
  if not found then
    raise exception 'no such invitation' using errcode = 'P0002';
  end if;

  execute format('set local app.subject = ''''; set local app.user_id = %L; set local role insightforge_user', p_user);
  select email, full_name into person from app.users where id = p_user for share; -- an address that is being changed is waited for
  if not found then
    raise exception 'no such user' using errcode = '28000';
  end if;
  if person.email <> invitation.email then
    raise exception 'the invitation is for another address' using errcode = 'IF001';
  end if;
  if not invitation.open then
    raise exception 'the invitation was accepted, revoked or has expired' using errcode = 'IF002';
  end if;

  execute format('set local app.user_id = %L', invitation.invited_by);
  select role into inviter_role from app.memberships where org_id = invitation.org_id and user_id = invitation.invited_by;
  if inviter_role is null or not (inviter_role = 'OWNER' or inviter_role = 'ADMIN' and invitation.role in ('ANALYST', 'VIEWER')) then
    raise exception 'the inviter may no longer invite to this role' using errcode = 'IF003';
  end if;

  execute format('set local app.user_id = %L; set local app.org_id = %L; set local app.role = %L; set local app.subject = %L',
    p_user, invitation.org_id, invitation.role, person.email);
  update app.invitations set accepted_at = now()
    where org_id = invitation.org_id and id = invitation.id and accepted_at is null and revoked_at is null;
  if not found then
    raise exception 'the invitation was accepted, revoked or has expired' using errcode = 'IF002';
  end if;
  insert into app.memberships (org_id, user_id, role, full_name) values (invitation.org_id, p_user, invitation.role, person.full_name);
  insert into app.member_emails (org_id, user_id, email) values (invitation.org_id, p_user, person.email);
  set local app.subject = '';
  set local role insightforge_api;
end
$$;

-- Whoever has the token of this kind whose hash this is: it is used up, and its address is proved. Then they are the person whose
-- it is, whose app.subject is that address; a registration makes that person. 23505: somebody else has the address since.
create or replace function app.begin_token(p_hash text, p_kind text) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  token record;
  person record;
begin
  execute format('set local app.user_id = ''''; set local app.org_id = ''''; set local app.role = ''''; set local app.org_ids = '''';
    set local app.subject = %L; set local role insightforge_auth', p_hash);
  select user_id, email, full_name, password_hash into token from app.one_time_tokens
    where token_hash = p_hash and kind = p_kind and used_at is null and expires_at > now() for update;
  if not found then
    raise exception 'no such token' using errcode = 'IF004';
  end if;
  update app.one_time_tokens set used_at = now(), password_hash = case when p_kind <> 'verification' then '' end where token_hash = p_hash;

  execute format('set local app.user_id = %L; set local app.subject = %L; set local role insightforge_user', token.user_id, token.email);
  if p_kind = 'registration' then
    insert into app.users (id, email, full_name, password_hash, email_verified_at)
      values (token.user_id, token.email, token.full_name, token.password_hash, now());
    return;
  end if;

  select email, email_verified_at, revision into person from app.users where id = token.user_id for update;
  if not found or person.email <> token.email and p_kind <> 'email_change' then
    raise exception 'the user is gone, or has another address' using errcode = 'IF004';
  end if;
  execute format('set local app.subject = %L; set local role insightforge_auth', person.email);
  perform from app.users where email = person.email and (password_hash = token.password_hash or p_kind = 'verification');
  if not found then
    raise exception 'the user has another password' using errcode = 'IF004';
  end if;

  -- No WHERE, and nothing read: who reads users as auth has the address before, and this has the one after. The policy says whose.
  execute format('set local app.subject = %L', token.email);
  update app.users set email = token.email, updated_at = now(), revision = person.revision + 1,
    email_verified_at = case when person.email = token.email then coalesce(person.email_verified_at, now()) else now() end;
  set local role insightforge_user;
  execute format('set local app.org_ids = %L',
    (select coalesce(string_agg(org_id::text, ','), '') from app.memberships where user_id = token.user_id));
end
$$;

grant execute on function app.begin_auth(text), app.begin_user(uuid), app.begin_request(uuid, uuid),
  app.begin_organization(uuid, uuid, text), app.begin_invitation(uuid, text), app.begin_token(text, text) to insightforge;
