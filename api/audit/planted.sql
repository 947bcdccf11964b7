-- What an audit and the tests of policies/ try things on, in a transaction that an audit rolls back. {salt} makes its ids and
-- addresses those of one run. It needs a user whom the policies do not bind.
--
-- Three organizations with the same kinds of rows, and delta and omega, which have members alone and were deleted, omega
-- more than 30 days ago. acme is the one that the callers choose. They are members of beta too, with
-- other roles, and no member of gamma; everybody has made a row of every kind in all three, so that neither "own" nor a role
-- somewhere else opens what the organization closes.

-- Nobody but ned has still to verify the address.
insert into app.users (id, email, full_name, password_hash, email_verified_at)
select md5('{salt}users/' || name)::uuid, name || '{salt}@example.com', name, 'hash of ' || name, case when name <> 'ned' then now() end
from unnest(array['olga', 'otto', 'adam', 'abel', 'anna', 'alan', 'vera', 'vito', 'zed', 'zoe', 'noor', 'ned']) name;

insert into app.sessions (id, user_id)
select md5('{salt}sessions/' || name)::uuid, md5('{salt}users/' || name)::uuid
from unnest(array['olga', 'otto', 'adam', 'abel', 'anna', 'alan', 'vera', 'vito', 'zed', 'zoe', 'noor']) name;

insert into app.external_identities (issuer, subject, user_id, id, email)
select 'https://issuer.example', name || '{salt}', md5('{salt}users/' || name)::uuid, md5('{salt}external_identities/' || name)::uuid, name || '{salt}@example.com'
from unnest(array['olga', 'otto', 'adam', 'abel', 'anna', 'alan', 'vera', 'vito', 'zed', 'zoe', 'noor']) name;

insert into app.security_events (user_id, id, kind, session_id)
select md5('{salt}users/' || name)::uuid, md5('{salt}security_events/' || name)::uuid, 'login', md5('{salt}sessions/' || name)::uuid
from unnest(array['olga', 'otto', 'adam', 'abel', 'anna', 'alan', 'vera', 'vito', 'zed', 'zoe', 'noor']) name;

insert into app.idempotency_keys (user_id, key, fingerprint, object_id, created_at)
select md5('{salt}users/' || name)::uuid, key, '', md5('{salt}' || name)::uuid, now() - case key when 'expired' then interval '25 hours' else interval '23 hours' end
from unnest(array['olga', 'otto', 'adam', 'abel', 'anna', 'alan', 'vera', 'vito', 'zed', 'zoe', 'noor']) name, unnest(array[name, 'expired']) key;

-- Everybody's; an expired one; and noor's of every kind that begin_token takes, with those that it does not.
insert into app.one_time_tokens (token_hash, kind, email, user_id, full_name, password_hash, expires_at, expires_on, used_at)
select encode(sha256(('{salt}one_time_tokens/' || name)::bytea), 'hex'), kind, email || '{salt}@example.com', md5('{salt}users/' || person)::uuid,
  case kind when 'registration' then 'newcomer' end, case when kind <> 'verification' then password_hash end, now() + lives,
  to_char((now() + lives) at time zone 'UTC', 'YYYY-MM-DD'), case when name like '%/used' then now() end
from (select name, 'verification', name, name, '', interval '1 hour'
  from unnest(array['olga', 'otto', 'adam', 'abel', 'anna', 'alan', 'vera', 'vito', 'zed', 'zoe', 'noor']) name
  union all values ('verification/expired', 'verification', 'anna', 'anna', '', make_interval(days => ('x' || left(md5('{salt}day'), 4))::bit(16)::integer) - (now() - '1000-01-01Z')),
    ('verification/used', 'verification', 'anna', 'anna', '', interval '1 hour'),
    ('registration/newcomer', 'registration', 'newcomer', 'newcomer', 'x', interval '1 hour'), ('registration/too late', 'registration', 'noor', 'newcomer', 'x', interval '1 hour'),
    ('verification/noor', 'verification', 'noor', 'noor', '', interval '1 hour'), ('verification/before', 'verification', 'noor.before', 'noor', '', interval '1 hour'),
    ('email_change/noor', 'email_change', 'newnoor', 'noor', 'hash of noor', interval '1 hour'), ('email_change/taken', 'email_change', 'anna', 'noor', 'hash of noor', interval '1 hour'),
    ('email_change/before', 'email_change', 'newnoor', 'noor', 'hash of before', interval '1 hour'),
    ('password_reset/noor', 'password_reset', 'noor', 'noor', 'hash of noor', interval '30 minutes'),
    ('password_reset/before', 'password_reset', 'noor', 'noor', 'hash of before', interval '30 minutes')) t(name, kind, email, person, password_hash, lives);

insert into app.organizations (id, name, slug, created_by, deleted_at)
select md5('{salt}organizations/' || name)::uuid, name, name || replace('{salt}', '-', ''), md5('{salt}users/' || founder)::uuid, now() - ago::interval
from (values ('acme', 'olga', null), ('beta', 'zed', null), ('gamma', 'zoe', null), ('delta', 'zoe', '29 days'), ('omega', 'zoe', '31 days')) o(name, founder, ago);

insert into app.quotas (org_id) select md5('{salt}organizations/' || name)::uuid from unnest(array['acme', 'beta', 'gamma']) name;

-- The names and addresses tell the organization, so that a row can be named without it.
insert into app.memberships (org_id, user_id, role, full_name)
select md5('{salt}organizations/' || org)::uuid, md5('{salt}users/' || name)::uuid, role, name || '{salt} of ' || org
from (values
  ('acme', 'olga', 'OWNER'), ('acme', 'otto', 'OWNER'), ('acme', 'adam', 'ADMIN'), ('acme', 'abel', 'ADMIN'),
  ('acme', 'anna', 'ANALYST'), ('acme', 'alan', 'ANALYST'), ('acme', 'vera', 'VIEWER'), ('acme', 'vito', 'VIEWER'),
  ('beta', 'olga', 'VIEWER'), ('beta', 'adam', 'OWNER'), ('beta', 'anna', 'OWNER'), ('beta', 'vera', 'OWNER'), ('beta', 'zed', 'OWNER'),
  ('gamma', 'zoe', 'OWNER'), ('gamma', 'zed', 'VIEWER'),
  ('delta', 'anna', 'OWNER'), ('delta', 'zoe', 'OWNER'), ('delta', 'adam', 'ADMIN'), ('omega', 'anna', 'OWNER')) m(org, name, role);

-- Service accounts, which act through keys.
insert into app.users (id, kind, full_name) select md5('{salt}users/' || name)::uuid, 'service', name from unnest(array['bot', 'gus']) name;
insert into app.memberships (org_id, user_id, kind, role, full_name)
select md5('{salt}organizations/' || org)::uuid, md5('{salt}users/' || name)::uuid, 'service', 'ADMIN', name || '{salt} of ' || org
from (values ('acme', 'bot'), ('gamma', 'gus')) m(org, name);

-- A key of everybody, with all that their role allows; vera's has more, as she had once. Of olga one with less; of bot one that
-- an OWNER has made and one that an ADMIN has; of abel one from when he was OWNER; of alan some that end.
insert into app.api_keys (org_id, id, user_id, kind, created_by, creator_role, name, role, secret_hash, created_at, expires_at, revoked_at)
select md5('{salt}organizations/' || org)::uuid, md5('{salt}api_keys/' || concat_ws('/', org, acts, what))::uuid, md5('{salt}users/' || acts)::uuid,
  case when acts in ('bot', 'gus') then 'service' else 'person' end, md5('{salt}users/' || coalesce(made, acts))::uuid, creator_role, 'x', role,
  '{salt}' || concat_ws('/', 'hash', org, acts, what), now() - interval '2 days', now() + case what when 'expired' then interval '-1 second' else interval '30 days' end,
  now() + case what when 'revoked' then interval '-1 second' when 'rotated' then interval '1 day' end
from (values
  ('acme', 'olga', null, null, 'OWNER', 'OWNER'), ('acme', 'otto', null, null, 'OWNER', 'OWNER'), ('acme', 'adam', null, null, 'ADMIN', 'ADMIN'), ('acme', 'abel', null, null, 'ADMIN', 'ADMIN'),
  ('acme', 'anna', null, null, 'ANALYST', 'ANALYST'), ('acme', 'alan', null, null, 'ANALYST', 'ANALYST'), ('acme', 'vera', null, null, 'OWNER', 'OWNER'),
  ('acme', 'olga', 'less', null, 'OWNER', 'VIEWER'), ('acme', 'abel', 'as OWNER', null, 'OWNER', 'ANALYST'),
  ('acme', 'bot', 'by OWNER', 'otto', 'OWNER', 'ADMIN'), ('acme', 'bot', 'by ADMIN', 'abel', 'ADMIN', 'VIEWER'),
  ('acme', 'alan', 'expired', null, 'ANALYST', 'ANALYST'), ('acme', 'alan', 'revoked', null, 'ANALYST', 'ANALYST'), ('acme', 'alan', 'rotated', null, 'ANALYST', 'ANALYST'),
  ('beta', 'olga', null, null, 'ANALYST', 'VIEWER'), ('beta', 'adam', null, null, 'OWNER', 'OWNER'), ('beta', 'anna', null, null, 'OWNER', 'OWNER'), ('beta', 'vera', null, null, 'OWNER', 'OWNER'),
  ('beta', 'zed', null, null, 'OWNER', 'OWNER'), ('gamma', 'zoe', null, null, 'OWNER', 'OWNER'), ('gamma', 'gus', null, 'zoe', 'OWNER', 'ADMIN')
) k(org, acts, what, made, creator_role, role);

-- What was made once with these keys, and has expired since.
insert into app.idempotency_keys (user_id, key, fingerprint, object_id, created_at)
select user_id, id || ' ' || age, '', id, now() - case age when 'expired' then interval '25 hours' else interval '23 hours' end
from app.api_keys, unnest(array['new', 'expired']) age where id in (md5('{salt}api_keys/acme/olga')::uuid, md5('{salt}api_keys/acme/olga/less')::uuid, md5('{salt}api_keys/acme/anna')::uuid);

insert into app.member_emails (org_id, user_id, email)
select md5('{salt}organizations/' || org)::uuid, md5('{salt}users/' || name)::uuid, name || '{salt}@' || org
from (values
  ('acme', 'olga'), ('acme', 'otto'), ('acme', 'adam'), ('acme', 'abel'), ('acme', 'anna'), ('acme', 'alan'), ('acme', 'vera'), ('acme', 'vito'),
  ('beta', 'olga'), ('beta', 'adam'), ('beta', 'anna'), ('beta', 'vera'), ('beta', 'zed'), ('gamma', 'zoe'), ('gamma', 'zed')) m(org, name);

-- Each role's invitation open and revoked; of VIEWERs also an accepted, a declined and an expired one, one whose inviter may not invite,
-- and one to another address, which is not verified. One to the deleted organization.
insert into app.invitations (org_id, id, email, role, invited_by, token_hash, organization_name, invited_by_name, revoked_at, accepted_at, declined_at, expires_at)
select md5('{salt}organizations/' || o.name)::uuid, md5('{salt}' || concat_ws('/', 'invitations', o.name, role, state))::uuid, case state when 'another''s' then 'ned' else 'noor' end || '{salt}@example.com', role,
  md5('{salt}users/' || case state when 'orphaned' then 'anna' else founder end)::uuid, '{salt}' || concat_ws('/', 'hash', o.name, role, state),
  o.name, founder, case state when 'revoked' then now() end, case state when 'accepted' then now() end, case state when 'declined' then now() end, now() + case state when 'expired' then interval '-1 second' else interval '7 days' end
from (values ('acme', 'olga'), ('beta', 'zed'), ('gamma', 'zoe'), ('delta', 'zoe')) o(name, founder),
  unnest(array['OWNER', 'ADMIN', 'ANALYST', 'VIEWER']) role, unnest(array['open', 'revoked', 'accepted', 'declined', 'expired', 'orphaned', 'another''s']) state
where case o.name when 'delta' then state = 'open' and role = 'VIEWER' else state in ('open', 'revoked') or role = 'VIEWER' end;

-- Of each person's two events the first is sealed.
with events as (
  insert into app.audit_events (org_id, id, actor_id, action, request_id, address)
  select md5('{salt}organizations/' || org)::uuid, md5('{salt}' || kind || '/' || org || '/' || person)::uuid, md5('{salt}users/' || person)::uuid, 'dataset.created', 'planted', '192.0.2.1'
  from unnest(array['acme', 'beta', 'gamma']) org, unnest(array['olga', 'otto', 'adam', 'abel', 'anna', 'alan', 'vera', 'vito', 'zed', 'zoe', 'noor']) person,
    unnest(array['audit_events', 'unsealed']) kind)
insert into app.audit_seals (org_id, number, event_id, hash)
select md5('{salt}organizations/' || org)::uuid, n, md5('{salt}audit_events/' || org || '/' || person)::uuid, sha256(person::bytea)
from unnest(array['acme', 'beta', 'gamma']) org, unnest(array['olga', 'otto', 'adam', 'abel', 'anna', 'alan', 'vera', 'vito', 'zed', 'zoe', 'noor']) with ordinality p(person, n);

with made as (
  select md5('{salt}organizations/' || org)::uuid as org_id, md5('{salt}users/' || person)::uuid as created_by, org || '/' || person as name,
    md5('{salt}datasets/' || org || '/' || person)::uuid as dataset_id, md5('{salt}dataset_segments/' || org || '/' || person)::uuid as segment_id,
    md5('{salt}analyses/' || org || '/' || person)::uuid as analysis_id, md5('{salt}analysis_runs/' || org || '/' || person)::uuid as run_id,
    md5('{salt}questions/' || org || '/' || person)::uuid as question_id
  from unnest(array['acme', 'beta', 'gamma']) org, unnest(array['olga', 'otto', 'adam', 'abel', 'anna', 'alan', 'vera', 'vito', 'zed', 'zoe', 'noor']) person),
datasets as (insert into app.datasets (org_id, id, name, created_by) select org_id, dataset_id, name, created_by from made),
segments as (insert into app.dataset_segments (org_id, id, dataset_id, created_by, row_count) select org_id, segment_id, dataset_id, created_by, 1 from made),
-- Of each: a column, a file, an analysis of everyone, of ANALYST and above, of OWNER and ADMIN. Column 13 has no profile, version 3 no file.
hidden as (select made.*, vis, case vis when 0 then 1 else 10 + vis end as n from made, generate_series(0, 2) vis),
versions as (insert into app.dataset_versions (org_id, dataset_id, number, created_by, published_by, row_count, column_count, byte_count, segment_ids)
  select org_id, dataset_id, n, created_by, created_by, 1, 4, 1, array[segment_id] from hidden
  union all select org_id, dataset_id, 3, created_by, created_by, 1, 0, 1, array[segment_id] from made),
columns as (insert into app.dataset_columns (org_id, dataset_id, version, column_no, created_by, column_id, position, name, header, vis, type, payload, null_count)
  select org_id, dataset_id, 1, n, created_by, n, n, case vis when 0 then 'word' else 'hidden ' || vis end, 'word', vis, 'text', 'codes', 0 from hidden
  union all select org_id, dataset_id, 1, 13, created_by, 13, 13, 'no profile', 'no profile', 0, 'text', 'codes', 0 from made),
words as (insert into app.dataset_words (org_id, dataset_id, column_no, page_no, created_by, vis, words)
  select org_id, dataset_id, n, 0, created_by, vis, array['secret of ' || name] from hidden),
chunks as (insert into app.dataset_chunks (org_id, segment_id, column_no, chunk_no, created_by, vis, first_row, row_count, null_count, codes)
  select org_id, segment_id, n, 0, created_by, vis, 0, 1, 0, '{0}' from hidden),
files as (insert into app.dataset_files (org_id, dataset_id, version, created_by, vis, sha256) select org_id, dataset_id, n, created_by, vis, '' from hidden),
pieces as (insert into app.dataset_pieces (org_id, dataset_id, version, piece_no, created_by, vis, bytes) select org_id, dataset_id, n, 0, created_by, vis, '' from hidden),
profiles as (insert into app.dataset_profiles (org_id, dataset_id, version, column_no, created_by, vis, profile) select org_id, dataset_id, 1, n, created_by, vis, '{}' from hidden),
imports as (insert into app.dataset_imports (org_id, id, created_by, dataset_id, mode)
  select org_id, md5('{salt}dataset_imports/' || name)::uuid, created_by, dataset_id, 'create' from made),
analyses as (insert into app.analyses (org_id, id, dataset_id, name, query, created_by, vis)
  select org_id, case vis when 0 then analysis_id else md5('{salt}analyses/' || name || '/' || vis)::uuid end, dataset_id, name, '{}', created_by, vis from hidden),
runs as (insert into app.analysis_runs (org_id, id, analysis_id, created_by, result, vis)
  select org_id, case vis when 0 then run_id else md5('{salt}analysis_runs/' || name || '/' || vis)::uuid end, analysis_id, created_by, '{}', vis from hidden),
asked as (insert into app.questions_asked (org_id, id) select org_id, md5('{salt}questions_asked/' || name)::uuid from made)
insert into app.questions (org_id, id, dataset_id, question, interpretation, provider, created_by)
select org_id, question_id, dataset_id, 'how many?', '{}', 'none', created_by from made;
