-- What an audit and the tests of policies/ try things on, in a transaction that an audit rolls back. {salt} makes its ids and
-- addresses those of one run. It needs a user whom the policies do not bind.
--
-- Three organizations with the same kinds of rows. acme is the one that the callers choose. They are members of beta too, with
-- other roles, and no member of gamma; everybody has made a row of every kind in all three, so that neither "own" nor a role
-- somewhere else opens what the organization closes.

insert into app.users (id, email, full_name, password_hash)
select md5('{salt}users/' || name)::uuid, name || '{salt}@example.com', name, 'hash of ' || name
from unnest(array['olga', 'otto', 'adam', 'abel', 'anna', 'alan', 'vera', 'vito', 'zed', 'zoe', 'noor']) name;

insert into app.sessions (id, user_id)
select md5('{salt}sessions/' || name)::uuid, md5('{salt}users/' || name)::uuid
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

insert into app.organizations (id, name, created_by)
select md5('{salt}organizations/' || name)::uuid, name, md5('{salt}users/' || founder)::uuid
from (values ('acme', 'olga'), ('beta', 'zed'), ('gamma', 'zoe')) o(name, founder);

-- The names and addresses tell the organization, so that a row can be named without it.
insert into app.memberships (org_id, user_id, role, full_name)
select md5('{salt}organizations/' || org)::uuid, md5('{salt}users/' || name)::uuid, role, name || '{salt} of ' || org
from (values
  ('acme', 'olga', 'OWNER'), ('acme', 'otto', 'OWNER'), ('acme', 'adam', 'ADMIN'), ('acme', 'abel', 'ADMIN'),
  ('acme', 'anna', 'ANALYST'), ('acme', 'alan', 'ANALYST'), ('acme', 'vera', 'VIEWER'), ('acme', 'vito', 'VIEWER'),
  ('beta', 'olga', 'VIEWER'), ('beta', 'adam', 'OWNER'), ('beta', 'anna', 'OWNER'), ('beta', 'vera', 'OWNER'), ('beta', 'zed', 'OWNER'),
  ('gamma', 'zoe', 'OWNER'), ('gamma', 'zed', 'VIEWER')) m(org, name, role);

insert into app.member_emails (org_id, user_id, email)
select md5('{salt}organizations/' || org)::uuid, md5('{salt}users/' || name)::uuid, name || '{salt}@' || org
from (values
  ('acme', 'olga'), ('acme', 'otto'), ('acme', 'adam'), ('acme', 'abel'), ('acme', 'anna'), ('acme', 'alan'), ('acme', 'vera'), ('acme', 'vito'),
  ('beta', 'olga'), ('beta', 'adam'), ('beta', 'anna'), ('beta', 'vera'), ('beta', 'zed'), ('gamma', 'zoe'), ('gamma', 'zed')) m(org, name);

-- Each role's invitation open and revoked; of VIEWERs also an accepted and an expired one, one whose inviter may not invite, and
-- one to another address.
insert into app.invitations (org_id, id, email, role, invited_by, token_hash, revoked_at, accepted_at, expires_at)
select md5('{salt}organizations/' || o.name)::uuid, md5('{salt}' || concat_ws('/', 'invitations', o.name, role, state))::uuid, case state when 'another''s' then 'ned' else 'noor' end || '{salt}@example.com', role,
  md5('{salt}users/' || case state when 'orphaned' then 'anna' else founder end)::uuid, '{salt}' || concat_ws('/', 'hash', o.name, role, state),
  case state when 'revoked' then now() end, case state when 'accepted' then now() end, now() + case state when 'expired' then interval '-1 second' else interval '7 days' end
from (values ('acme', 'olga'), ('beta', 'zed'), ('gamma', 'zoe')) o(name, founder),
  unnest(array['OWNER', 'ADMIN', 'ANALYST', 'VIEWER']) role, unnest(array['open', 'revoked', 'accepted', 'expired', 'orphaned', 'another''s']) state
where state in ('open', 'revoked') or role = 'VIEWER';

with made as (
  select md5('{salt}organizations/' || org)::uuid as org_id, md5('{salt}users/' || person)::uuid as created_by, org || '/' || person as name,
    md5('{salt}datasets/' || org || '/' || person)::uuid as dataset_id, md5('{salt}dataset_segments/' || org || '/' || person)::uuid as segment_id,
    md5('{salt}analyses/' || org || '/' || person)::uuid as analysis_id, md5('{salt}analysis_runs/' || org || '/' || person)::uuid as run_id,
    md5('{salt}questions/' || org || '/' || person)::uuid as question_id
  from unnest(array['acme', 'beta', 'gamma']) org, unnest(array['olga', 'otto', 'adam', 'abel', 'anna', 'alan', 'vera', 'vito', 'zed', 'zoe', 'noor']) person),
datasets as (insert into app.datasets (org_id, id, name, created_by) select org_id, dataset_id, name, created_by from made),
segments as (insert into app.dataset_segments (org_id, id, dataset_id, created_by, row_count) select org_id, segment_id, dataset_id, created_by, 1 from made),
versions as (insert into app.dataset_versions (org_id, dataset_id, number, created_by, published_by, row_count, byte_count, sha256, segment_ids)
  select org_id, dataset_id, 1, created_by, created_by, 1, 1, '', array[segment_id] from made),
columns as (insert into app.dataset_columns (org_id, dataset_id, version, column_no, created_by, name, type, payload, null_count)
  select org_id, dataset_id, 1, 1, created_by, 'word', 'text', 'codes', 0 from made),
words as (insert into app.dataset_words (org_id, dataset_id, column_no, page_no, created_by, words)
  select org_id, dataset_id, 1, 0, created_by, array['secret of ' || name] from made),
chunks as (insert into app.dataset_chunks (org_id, segment_id, column_no, chunk_no, created_by, first_row, row_count, null_count, codes)
  select org_id, segment_id, 1, 0, created_by, 0, 1, 0, '{0}' from made),
analyses as (insert into app.analyses (org_id, id, dataset_id, name, query, created_by) select org_id, analysis_id, dataset_id, name, '{}', created_by from made),
runs as (insert into app.analysis_runs (org_id, id, analysis_id, created_by, result) select org_id, run_id, analysis_id, created_by, '{}' from made)
insert into app.questions (org_id, id, dataset_id, question, interpretation, provider, created_by)
select org_id, question_id, dataset_id, 'how many?', '{}', 'none', created_by from made;
