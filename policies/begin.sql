-- The ways into a transaction. The login role may do nothing else; the roles these switch to may not call them, so a
-- second begin in a transaction is refused by privilege (42501).
--
-- Each assigns every variable and the role, for this transaction only. They are SECURITY INVOKER and read tables only
-- through the policies, as the role they have just taken. SET LOCAL rather than set_config(): it reaches Citus workers,
-- and set_config can then be revoked from PUBLIC. Their search_path is fixed, whatever the session's is.
--
-- Errors: P0002 not a member, or nothing there; 28000 the user is gone, or the key serves no more; IF004 the organization was
-- deleted; why an invitation is refused: IF001 another address, IF003 the inviter may not invite any more, IF005 the address is
-- not verified, IF006 the organization is full, IF021–IF024 it was accepted, revoked, declined, or has expired; IF007 the role
-- does not allow it; IF008 a token that serves no more; IF041–IF043 why an organization is not restored. A service account is
-- nobody here: it acts through keys alone.

-- A caller not known yet: may reach only what p_subject names (an address, a session id, the hash of a token or a key).
create or replace function app.begin_auth(p_subject text) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute format('set local app.user_id = ''''; set local app.org_id = ''''; set local app.role = ''''; set local app.org_ids = '''';
    set local app.subject = %L; set local role insightforge_auth', p_subject);
end
$$;

-- The server's own job that writes a token for a mail to p_subject: nobody signs in in such a transaction, and in no other is one made.
create or replace function app.begin_mail(p_subject text) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute format('set local app.user_id = ''''; set local app.org_id = ''''; set local app.role = ''mail''; set local app.org_ids = '''';
    set local app.subject = %L; set local role insightforge_auth', p_subject);
end
$$;

-- A person, no organization chosen.
create or replace function app.begin_user(p_user uuid) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute format('set local app.user_id = %L; set local app.org_id = ''''; set local app.role = ''''; set local app.org_ids = '''';
    set local app.subject = ''''; set local role insightforge_user', p_user);
  perform from app.users where id = p_user and email is not null;
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
--
-- app.org_ids names the organization while it is looked at: nobody gets into a deleted one, and only its members are told so.
create or replace function app.begin_request(p_user uuid, p_org uuid) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  membership record;
begin
  execute format('set local app.user_id = %L; set local app.org_id = ''''; set local app.role = ''''; set local app.org_ids = %L;
    set local app.subject = ''''; set local plan_cache_mode = force_generic_plan; set local jit = off; set local role insightforge_user', p_user, p_org);
  select m.role, o.deleted_at into membership
    from app.memberships m join app.organizations o on o.id = m.org_id where m.org_id = p_org and m.user_id = p_user and m.kind = 'person';
  if not found then
    raise exception 'not a member' using errcode = 'P0002';
  end if;
  if membership.deleted_at is not null then
    raise exception 'the organization was deleted' using errcode = 'IF004';
  end if;
  execute format('set local app.org_id = %L; set local app.role = %L; set local app.org_ids = ''''; set local role insightforge_api', p_org, membership.role);
end
$$;

-- An OWNER who restores the organization, which was deleted less than 30 days ago, and is a member inside it then. It acts on
-- that one row. A purge that has begun holds it: who waits here for that finds nothing.
create or replace function app.begin_restoration(p_user uuid, p_org uuid) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  member_role text;
begin
  execute format('set local app.user_id = %L; set local app.org_id = ''''; set local app.role = ''''; set local app.org_ids = %L;
    set local app.subject = ''''; set local role insightforge_user', p_user, p_org);
  select role into member_role from app.memberships where org_id = p_org and user_id = p_user and kind = 'person';
  if not found then
    raise exception 'not a member' using errcode = 'P0002';
  end if;
  if member_role <> 'OWNER' then
    raise exception 'only an OWNER restores' using errcode = 'IF043';
  end if;
  execute format('set local app.org_id = %L; set local app.role = %L', p_org, member_role);
  update app.organizations set deleted_at = null, updated_at = now(), revision = revision + 1
    where id = p_org and deleted_at > now() - interval '30 days';
  if not found then
    perform from app.organizations where id = p_org and deleted_at is null;
    if found then
      raise exception 'the organization is not deleted' using errcode = 'IF042';
    end if;
    raise exception 'it was deleted more than 30 days ago' using errcode = 'IF041';
  end if;
  set local app.org_ids = '';
  set local role insightforge_api;
end
$$;

-- A person who creates an organization and is its OWNER. The insert comes first and is plain: the primary key decides.
-- With ON CONFLICT this would be a way into an organization that exists. The slug is the name and something of the id's: that
-- another organization has the same name makes no difference.
create or replace function app.begin_organization(p_user uuid, p_org uuid, p_name text) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  person record;
begin
  execute format('set local app.user_id = %L; set local app.org_id = %L; set local app.role = ''OWNER''; set local app.org_ids = '''';
    set local app.subject = ''''; set local role insightforge_user', p_user, p_org);
  select email, full_name into person from app.users where id = p_user and email is not null for share; -- an address that is being changed is waited for
  if not found then
    raise exception 'no such user' using errcode = '28000';
  end if;
  execute format('set local app.subject = %L', person.email);
  insert into app.organizations (id, name, slug, created_by) values (p_org, p_name, concat_ws('-',
    nullif(trim('-' from left(regexp_replace(regexp_replace(lower(normalize(p_name, NFKD)), '[\u0300-\u036f]', '', 'g'), '[^a-z0-9]+', '-', 'g'), 30)), ''),
    left(encode(sha256(uuid_send(p_org)), 'hex'), 12)), p_user);
  insert into app.quotas (org_id) values (p_org);
  insert into app.memberships (org_id, user_id, role, full_name) values (p_org, p_user, 'OWNER', person.full_name);
  insert into app.member_emails (org_id, user_id, email) values (p_org, p_user, person.email);
  set local app.subject = '';
  set local role insightforge_api;
end
$$;

-- A person who accepts an invitation: the one whose token has this hash or, without a token, the one with this id that is to
-- their address, which proves as much. It acts on that one row and looks up again whether the inviter may still invite to
-- that role. Whose address it is not is told nothing more; nor is who has not shown that the address is theirs.
--
-- From the lock on nobody else changes the row. Where it was sent again before that, the token does not serve any more.
create or replace function app.begin_invitation(p_user uuid, p_hash text, p_id uuid default null) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  person record;
  found_as record;
  invitation record;
  inviter_role text;
  member_limit integer;
begin
  execute format('set local app.user_id = %L; set local app.org_id = ''''; set local app.role = ''''; set local app.org_ids = '''';
    set local app.subject = ''''; set local role insightforge_user', p_user);
  select email, full_name, email_verified_at is not null as verified into person
    from app.users where id = p_user and email is not null for share; -- an address that is being changed is waited for
  if not found then
    raise exception 'no such user' using errcode = '28000';
  end if;

  if p_id is null then
    execute format('set local app.user_id = ''''; set local app.subject = %L; set local role insightforge_auth', p_hash);
    select org_id, id, email, expires_at into strict found_as from app.invitations where token_hash = p_hash; -- none: P0002
    execute format('set local app.user_id = %L; set local role insightforge_user', p_user);
    if person.email <> found_as.email then
      raise exception 'the invitation is for another address' using errcode = 'IF001';
    end if;
  end if;
  if not person.verified then
    raise exception 'the address is not verified' using errcode = 'IF005';
  end if;
  execute format('set local app.subject = %L', person.email);
  if p_id is not null then
    select org_id, id, email, expires_at into strict found_as from app.invitations where id = p_id and email = person.email;
  end if;

  execute format('set local app.org_id = %L', found_as.org_id);
  perform from app.invitations where org_id = found_as.org_id and id = found_as.id for update;
  select org_id, id, role, invited_by, expires_at,
    case when accepted_at is not null then 'IF021' when revoked_at is not null then 'IF022' when declined_at is not null then 'IF023'
      when expires_at <= now() then 'IF024' end as closed
    into strict invitation from app.invitations where org_id = found_as.org_id and id = found_as.id;
  if invitation.closed is not null then
    raise exception 'the invitation is closed' using errcode = invitation.closed;
  end if;
  if p_id is null and invitation.expires_at <> found_as.expires_at then
    raise exception 'the invitation was sent again' using errcode = 'P0002';
  end if;

  execute format('set local app.org_ids = %L', invitation.org_id);
  perform from app.organizations where id = invitation.org_id and deleted_at is null;
  if not found then
    raise exception 'the organization was deleted' using errcode = 'IF004';
  end if;

  execute format('set local app.org_ids = ''''; set local app.user_id = %L', invitation.invited_by);
  select role into inviter_role from app.memberships where org_id = invitation.org_id and user_id = invitation.invited_by;
  if inviter_role is null or not (inviter_role = 'OWNER' or inviter_role = 'ADMIN' and invitation.role in ('ANALYST', 'VIEWER')) then
    raise exception 'the inviter may no longer invite to this role' using errcode = 'IF003';
  end if;

  execute format('set local app.user_id = %L; set local app.role = %L', p_user, invitation.role);
  update app.invitations set accepted_at = now() where org_id = invitation.org_id and id = invitation.id;
  if not found then
    raise exception 'the invitation is closed' using errcode = 'IF021';
  end if;
  insert into app.memberships (org_id, user_id, role, full_name) values (invitation.org_id, p_user, invitation.role, person.full_name);
  insert into app.member_emails (org_id, user_id, email) values (invitation.org_id, p_user, person.email);
  execute format('set local app.subject = %L', invitation.id); -- for the audit event: the new member may not see invitations
  set local role insightforge_api;

  -- As a member, who may count them. Whoever joins at the same time waits for the lock and counts after that.
  select members into member_limit from app.quotas where org_id = invitation.org_id for update;
  if ((select count(*) from app.memberships where org_id = invitation.org_id) <= member_limit) is not true then
    raise exception 'the organization has as many members as it may' using errcode = 'IF006';
  end if;
end
$$;

-- A person with their own address, if they have shown that it is theirs: may read the invitations to it. With the id of one
-- of them, may decline it.
create or replace function app.begin_addressee(p_user uuid, p_id uuid default null) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  person record;
  invitation record;
begin
  execute format('set local app.user_id = %L; set local app.org_id = ''''; set local app.role = ''''; set local app.org_ids = '''';
    set local app.subject = ''''; set local role insightforge_user', p_user);
  select email, email_verified_at is not null as verified into person from app.users where id = p_user;
  if not found then
    raise exception 'no such user' using errcode = '28000';
  end if;
  if not person.verified then
    raise exception 'the address is not verified' using errcode = 'IF005';
  end if;
  execute format('set local app.subject = %L', person.email);
  if p_id is not null then
    select org_id into strict invitation from app.invitations where id = p_id and email = person.email; -- none: P0002
    execute format('set local app.org_id = %L', invitation.org_id);
  end if;
end
$$;

-- An API key inside one organization, with the lower of its own role and the one that the membership it acts as has now.
-- app.subject is then the key's id. It is said first whether the key serves: a key is not told which organizations there are.
create or replace function app.begin_api_key(p_hash text, p_org uuid) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  roles constant text[] := array['VIEWER', 'ANALYST', 'ADMIN', 'OWNER'];
  key record;
  membership record;
begin
  execute format('set local app.user_id = ''''; set local app.org_id = ''''; set local app.role = ''''; set local app.org_ids = '''';
    set local app.subject = %L; set local plan_cache_mode = force_generic_plan; set local jit = off; set local role insightforge_auth', p_hash);
  select org_id, id, user_id, role into key from app.api_keys
    where secret_hash = p_hash and expires_at > now() and (revoked_at is null or revoked_at > now());
  if not found then
    raise exception 'no such key, or it serves no more' using errcode = '28000';
  end if;
  if key.org_id is distinct from p_org then
    raise exception 'a key of another organization' using errcode = 'P0002';
  end if;
  execute format('set local app.user_id = %L; set local app.subject = %L; set local app.org_ids = %L; set local role insightforge_user', key.user_id, key.id, p_org);
  select m.role, o.deleted_at into membership
    from app.memberships m join app.organizations o on o.id = m.org_id where m.org_id = p_org and m.user_id = key.user_id;
  if not found then
    raise exception 'the member that the key acts as is gone' using errcode = '28000';
  end if;
  if membership.deleted_at is not null then
    raise exception 'the organization was deleted' using errcode = 'IF004';
  end if;
  execute format('set local app.org_id = %L; set local app.role = %L; set local app.org_ids = ''''; set local role insightforge_key',
    p_org, roles[least(array_position(roles, key.role), array_position(roles, membership.role))]);
end
$$;

-- A member who makes a service account: a user without an address and a password, and its membership. Both inserts are
-- plain: the primary key decides. Afterwards the caller is the member again.
create or replace function app.begin_service_account(p_user uuid, p_org uuid, p_account uuid, p_role text, p_name text) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  membership record;
  member_limit integer;
begin
  execute format('set local app.user_id = %L; set local app.org_id = ''''; set local app.role = ''''; set local app.org_ids = %L;
    set local app.subject = ''''; set local role insightforge_user', p_user, p_org);
  select m.role, o.deleted_at into membership
    from app.memberships m join app.organizations o on o.id = m.org_id where m.org_id = p_org and m.user_id = p_user and m.kind = 'person';
  if not found then
    raise exception 'not a member' using errcode = 'P0002';
  end if;
  if membership.deleted_at is not null then
    raise exception 'the organization was deleted' using errcode = 'IF004';
  end if;
  if (p_role in ('ANALYST', 'VIEWER') and membership.role in ('OWNER', 'ADMIN') or p_role = 'ADMIN' and membership.role = 'OWNER') is not true then
    raise exception 'the role does not allow a service account of this role' using errcode = 'IF007';
  end if;
  execute format('set local app.user_id = %L; set local app.org_id = %L; set local app.role = %L; set local app.org_ids = ''''', p_account, p_org, p_role);
  insert into app.users (id, kind, full_name) values (p_account, 'service', p_name);
  insert into app.memberships (org_id, user_id, kind, role, full_name) values (p_org, p_account, 'service', p_role, p_name);
  execute format('set local app.user_id = %L; set local app.role = %L; set local role insightforge_api', p_user, membership.role);

  select members into member_limit from app.quotas where org_id = p_org for update;
  if ((select count(*) from app.memberships where org_id = p_org) <= member_limit) is not true then
    raise exception 'the organization has as many members as it may' using errcode = 'IF006';
  end if;
end
$$;

-- The server's job that seals the audit events of one organization. It is nobody's doing, so there is no user and no role.
create or replace function app.begin_seal(p_org uuid) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute format('set local app.user_id = ''''; set local app.org_id = %L; set local app.role = ''''; set local app.org_ids = '''';
    set local app.subject = ''''; set local jit = off; set local role insightforge_sealer', p_org);
end
$$;

-- A person for whom an issuer vouches, as the user who has this address and never showed that it is theirs: it is proved by that.
-- The program has checked what the issuer says; nobody inside a transaction can call this.
create or replace function app.begin_claim(p_user uuid, p_email text) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute format('set local app.user_id = %L; set local app.org_id = ''''; set local app.role = ''''; set local app.org_ids = '''';
    set local app.subject = ''''; set local role insightforge_user', p_user);
  perform from app.users where id = p_user and email = p_email and email_verified_at is null for update;
  if not found then
    raise exception 'no such user, or the address is proved' using errcode = 'P0002';
  end if;
  execute format('set local app.subject = %L; set local role insightforge_auth', p_email);
  update app.users set email_verified_at = now(), updated_at = now(); -- as in begin_token: the policy says whose
  set local app.subject = '';
  set local role insightforge_user;
  execute format('set local app.org_ids = %L',
    (select coalesce(string_agg(org_id::text, ','), '') from app.memberships where user_id = p_user));
  update app.api_keys set revoked_at = now(); -- of this user, or made by them: whoever had the account before has them
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
    raise exception 'no such token' using errcode = 'IF008';
  end if;
  update app.one_time_tokens set used_at = now(), password_hash = case when p_kind <> 'verification' then '' end where token_hash = p_hash;

  execute format('set local app.user_id = %L; set local app.subject = %L; set local role insightforge_user', token.user_id, token.email);
  if p_kind = 'registration' then
    insert into app.users (id, email, full_name, password_hash, email_verified_at)
      values (token.user_id, token.email, token.full_name, token.password_hash, now());
    return;
  end if;

  select email, email_verified_at, revision into person from app.users where id = token.user_id for update;
  if not found or person.email <> token.email and p_kind <> 'email_change' or p_kind = 'email_change' and token.password_hash = '' then
    raise exception 'the user is gone, or has another address' using errcode = 'IF008';
  end if;
  execute format('set local app.subject = %L; set local role insightforge_auth', person.email);
  perform from app.users where email = person.email and (password_hash = token.password_hash or p_kind = 'verification');
  if not found then
    raise exception 'the user has another password' using errcode = 'IF008';
  end if;

  -- No WHERE, and nothing read: who reads users as auth has the address before, and this has the one after. The policy says whose.
  execute format('set local app.subject = %L', token.email);
  update app.users set email = token.email, updated_at = now(), revision = person.revision + 1,
    email_verified_at = case when person.email = token.email then coalesce(person.email_verified_at, now()) else now() end;
  set local role insightforge_user;
  execute format('set local app.org_ids = %L',
    (select coalesce(string_agg(org_id::text, ','), '') from app.memberships where user_id = token.user_id));
  if p_kind = 'password_reset' and person.email_verified_at is null then
    update app.api_keys set revoked_at = now(); -- as in begin_claim
  end if;
end
$$;

grant execute on function app.begin_auth(text), app.begin_mail(text), app.begin_user(uuid), app.begin_request(uuid, uuid),
  app.begin_organization(uuid, uuid, text), app.begin_restoration(uuid, uuid), app.begin_invitation(uuid, text, uuid), app.begin_seal(uuid),
  app.begin_addressee(uuid, uuid), app.begin_api_key(text, uuid), app.begin_service_account(uuid, uuid, uuid, text, text),
  app.begin_token(text, text), app.begin_claim(uuid, text) to insightforge;
