-- Functions, grants and policies: the whole of who may do what, installed as one package in one transaction.
-- `insightforge migrate` does it after the migrations; by hand:  go tool tern code install policies
-- Policies and grants are dropped and made again, so that what is installed is what these files say. Functions are
-- replaced; one that these files no longer make stays, and nobody may call it.

set local lock_timeout = '5s';

alter default privileges revoke execute on functions from public;

do $$
declare
  p record;
begin
  for p in select policyname, tablename from pg_policies where schemaname = 'app' loop
    execute format('drop policy %I on app.%I', p.policyname, p.tablename);
  end loop;
end
$$;
revoke all on all tables in schema app from public, insightforge, insightforge_auth, insightforge_user, insightforge_api, insightforge_key, insightforge_sealer;
revoke all on all functions in schema app from public, insightforge, insightforge_auth, insightforge_user, insightforge_api, insightforge_key, insightforge_sealer;
revoke all on schema app from public, insightforge, insightforge_auth, insightforge_user, insightforge_api, insightforge_key, insightforge_sealer;

-- A policy for insightforge_api and insightforge_key says that a key may there what its role may. What is not for keys is
-- granted to insightforge_api alone: members, invitations, keys, the organization.
grant usage on schema app to insightforge, insightforge_auth, insightforge_user, insightforge_api, insightforge_key, insightforge_sealer;

{{ template "context.sql" . }}
{{ template "begin.sql" . }}

{{ template "users.sql" . }}
{{ template "sessions.sql" . }}
{{ template "external_identities.sql" . }}
{{ template "security_events.sql" . }}
{{ template "idempotency_keys.sql" . }}
{{ template "one_time_tokens.sql" . }}
{{ template "organizations.sql" . }}
{{ template "memberships.sql" . }}
{{ template "member_emails.sql" . }}
{{ template "invitations.sql" . }}
{{ template "quotas.sql" . }}
{{ template "api_keys.sql" . }}
{{ template "audit_events.sql" . }}
{{ template "audit_seals.sql" . }}

{{ template "datasets.sql" . }}
{{ template "dataset_versions.sql" . }}
{{ template "dataset_columns.sql" . }}
{{ template "dataset_segments.sql" . }}
{{ template "dataset_words.sql" . }}
{{ template "dataset_chunks.sql" . }}
{{ template "dataset_files.sql" . }}
{{ template "dataset_pieces.sql" . }}
{{ template "dataset_profiles.sql" . }}
{{ template "dataset_imports.sql" . }}

{{ template "analyses.sql" . }}
{{ template "analysis_runs.sql" . }}
{{ template "questions.sql" . }}
{{ template "questions_asked.sql" . }}
