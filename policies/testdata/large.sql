-- acme has nearly all rows of every table: 5,000 of each kind, and 500 runs of each of ten analyses.
-- Foreign keys are not checked (they hold), so that this is quick.
set session_replication_role = replica;

create temp table n as
select i, o.id as org_id, o.created_by, md5('large' || i)::uuid as id from generate_series(1, 5000) i, app.organizations o where o.name = 'acme';

insert into app.users (id, email, full_name, password_hash) select id, i || '@large.example.com', 'n', 'x' from n;
insert into app.memberships (org_id, user_id, role, full_name) select org_id, id, 'VIEWER', 'n' from n;
insert into app.member_emails (org_id, user_id, email) select org_id, id, i || '@large.example.com' from n;
insert into app.invitations (org_id, id, email, role, invited_by, token_hash, organization_name, invited_by_name)
select org_id, id, i || '@large.example.com', 'VIEWER', created_by, i, 'n', 'n' from n;
insert into app.idempotency_keys (user_id, key, fingerprint, object_id) select created_by, i, '', id from n;
insert into app.datasets (org_id, id, name, created_by) select org_id, id, 'n', created_by from n;
insert into app.dataset_versions (org_id, dataset_id, number, created_by, published_by, row_count, byte_count, segment_ids)
select org_id, id, 1, created_by, created_by, 1, 1, array[id] from n;
insert into app.dataset_files (org_id, dataset_id, version, created_by, sha256) select org_id, id, 1, created_by, '' from n;
insert into app.dataset_pieces (org_id, dataset_id, version, piece_no, created_by, bytes) select org_id, id, 1, 0, created_by, '' from n;
insert into app.dataset_profiles (org_id, dataset_id, version, column_no, created_by, profile) select org_id, id, 1, 1, created_by, '{}' from n;
insert into app.dataset_imports (org_id, id, created_by, dataset_id, mode) select org_id, id, created_by, id, 'create' from n;
insert into app.dataset_columns (org_id, dataset_id, version, column_no, created_by, column_id, position, name, header, type, payload, null_count)
select org_id, id, 1, 1, created_by, 1, 1, 'word', 'word', 'text', 'codes', 0 from n;
insert into app.dataset_segments (org_id, id, dataset_id, created_by, row_count) select org_id, id, id, created_by, 1 from n;
insert into app.dataset_words (org_id, dataset_id, column_no, page_no, created_by, words) select org_id, id, 1, 0, created_by, '{a}' from n;
insert into app.dataset_chunks (org_id, segment_id, column_no, chunk_no, created_by, first_row, row_count, null_count, codes)
select org_id, id, 1, 0, created_by, 0, 1, 0, '{0}' from n;
insert into app.analyses (org_id, id, dataset_id, name, query, created_by) select org_id, id, id, 'n', '{}', created_by from n;
insert into app.analysis_runs (org_id, id, analysis_id, created_by, result) select org_id, id, md5('large' || i % 10)::uuid, created_by, '{}' from n;
insert into app.questions (org_id, id, dataset_id, question, interpretation, provider, created_by) select org_id, id, id, 'n', '{}', 'none', created_by from n;
insert into app.audit_events (org_id, id, at, actor_id, action, refusal, object_id, request_id, address)
select org_id, id, now() - i * interval '1 minute', case when i % 100 = 0 then id else created_by end, 'dataset.' || case when i % 100 = 0 then 'deleted' else 'changed' end,
  case when i % 10 = 1 then 'forbidden' end, md5('large' || i / 10)::uuid, 'r', '' from n;
insert into app.audit_seals (org_id, number, event_id, hash) select org_id, 1000 + i, id, sha256('') from n;

set session_replication_role = origin;
vacuum analyze;
