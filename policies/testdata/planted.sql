create function pg_temp.id(name text) returns uuid immutable language sql return md5(name)::uuid;

insert into app.users (id, email, full_name, password_hash)
select pg_temp.id('users/' || name), name || '@example.com', name, 'hash of ' || name
from unnest(array['olga', 'otto', 'adam', 'abel', 'anna', 'alan', 'vera', 'vito', 'zed', 'zoe', 'noor']) name;

insert into app.sessions (id, user_id) select pg_temp.id('sessions/' || full_name), id from app.users;

insert into app.idempotency_keys (user_id, key, fingerprint, object_id, created_at)
select id, key, '', id, now() - case key when 'expired' then interval '25 hours' else interval '23 hours' end
from app.users, unnest(array[full_name, 'expired']) key;

insert into app.organizations (id, name, created_by)
select pg_temp.id('organizations/' || name), name, pg_temp.id('users/' || founder)
from (values ('acme', 'olga'), ('beta', 'zed'), ('gamma', 'zoe')) o(name, founder);

-- The names and addresses tell the organization, so that a row can be named without it.
insert into app.memberships (org_id, user_id, role, full_name)
select pg_temp.id('organizations/' || org), pg_temp.id('users/' || name), role, name || ' of ' || org
from (values
  ('acme', 'olga', 'OWNER'), ('acme', 'otto', 'OWNER'), ('acme', 'adam', 'ADMIN'), ('acme', 'abel', 'ADMIN'),
  ('acme', 'anna', 'ANALYST'), ('acme', 'alan', 'ANALYST'), ('acme', 'vera', 'VIEWER'), ('acme', 'vito', 'VIEWER'),
  ('beta', 'olga', 'VIEWER'), ('beta', 'adam', 'OWNER'), ('beta', 'anna', 'OWNER'), ('beta', 'vera', 'OWNER'), ('beta', 'zed', 'OWNER'),
  ('gamma', 'zoe', 'OWNER'), ('gamma', 'zed', 'VIEWER')) m(org, name, role);
insert into app.member_emails (org_id, user_id, email)
select org_id, user_id, replace(full_name, ' of ', '@') from app.memberships;

insert into app.invitations (org_id, id, email, role, invited_by, token_hash, revoked_at)
select o.id, pg_temp.id(concat_ws('/', 'invitations', o.name, role, state)), 'noor@example.com', role, o.created_by,
  concat_ws('/', 'hash', o.name, role, state), case state when 'revoked' then now() end
from app.organizations o, unnest(array['OWNER', 'ADMIN', 'ANALYST', 'VIEWER']) role, unnest(array['open', 'revoked']) state;

create temp view made as
select o.id as org_id, o.name as org, u.id as created_by, o.name || '/' || u.full_name as name,
  pg_temp.id('datasets/' || o.name || '/' || u.full_name) as dataset_id,
  pg_temp.id('dataset_segments/' || o.name || '/' || u.full_name) as segment_id,
  pg_temp.id('analyses/' || o.name || '/' || u.full_name) as analysis_id
from app.organizations o, app.users u;

insert into app.datasets (org_id, id, name, created_by) select org_id, dataset_id, name, created_by from made;
insert into app.dataset_segments (org_id, id, dataset_id, created_by, row_count) select org_id, segment_id, dataset_id, created_by, 1 from made;
insert into app.dataset_versions (org_id, dataset_id, number, created_by, published_by, row_count, byte_count, sha256, segment_ids)
select org_id, dataset_id, 1, created_by, created_by, 1, 1, '', array[segment_id] from made;
insert into app.dataset_columns (org_id, dataset_id, version, column_no, created_by, name, type, payload, null_count)
select org_id, dataset_id, 1, 1, created_by, 'word', 'text', 'codes', 0 from made;
insert into app.dataset_words (org_id, dataset_id, column_no, page_no, created_by, words)
select org_id, dataset_id, 1, 0, created_by, array['secret of ' || name] from made;
insert into app.dataset_chunks (org_id, segment_id, column_no, chunk_no, created_by, first_row, row_count, null_count, codes)
select org_id, segment_id, 1, 0, created_by, 0, 1, 0, '{0}' from made;
insert into app.analyses (org_id, id, dataset_id, name, query, created_by) select org_id, analysis_id, dataset_id, name, '{}', created_by from made;
insert into app.analysis_runs (org_id, id, analysis_id, created_by, result)
select org_id, pg_temp.id('analysis_runs/' || name), analysis_id, created_by, '{}' from made;
insert into app.questions (org_id, id, dataset_id, question, interpretation, provider, created_by)
select org_id, pg_temp.id('questions/' || name), dataset_id, 'how many?', '{}', 'none', created_by from made;

drop view made;
