-- Times that a caller may set are times: 'infinity' is none that a program can read, and would hide the rows of others from them.

alter table app.users add constraint users_finite check (isfinite(updated_at) and isfinite(email_verified_at));
alter table app.organizations add constraint organizations_finite check (isfinite(updated_at) and isfinite(deleted_at));
alter table app.memberships add constraint memberships_finite check (isfinite(updated_at));
alter table app.invitations add constraint invitations_finite check (isfinite(expires_at) and isfinite(accepted_at) and isfinite(revoked_at) and isfinite(declined_at) and isfinite(resent_at));
alter table app.api_keys add constraint api_keys_finite check (isfinite(expires_at) and isfinite(last_used_at) and isfinite(revoked_at));
alter table app.sessions add constraint sessions_finite check (isfinite(refreshed_at) and isfinite(expires_at));
alter table app.external_identities add constraint external_identities_finite check (isfinite(used_at));
alter table app.datasets add constraint datasets_finite check (isfinite(updated_at));

---- create above / drop below ----

alter table app.users drop constraint users_finite;
alter table app.organizations drop constraint organizations_finite;
alter table app.memberships drop constraint memberships_finite;
alter table app.invitations drop constraint invitations_finite;
alter table app.api_keys drop constraint api_keys_finite;
alter table app.sessions drop constraint sessions_finite;
alter table app.external_identities drop constraint external_identities_finite;
alter table app.datasets drop constraint datasets_finite;
