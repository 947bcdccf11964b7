-- Whom the configured OpenID Connect issuer knows by which subject, and which user that is here.

create table app.external_identities (
  key text primary key generated always as (issuer || ' ' || subject) stored, -- an issuer is a URL: it has no space
  issuer text not null check (char_length(issuer) between 1 and 500 and position(' ' in issuer) = 0),
  subject text not null check (char_length(subject) between 1 and 255),
  user_id uuid not null references app.users,
  id uuid not null,
  email text not null check (char_length(email) between 3 and 254), -- what the issuer had verified when it was linked
  created_at timestamptz not null default now(),
  used_at timestamptz not null default now(),
  unique (user_id, id)
);

-- Who came by an identity has no password, which is stored as ''. Whether there is one its user may know; the hash not.
alter table app.users add column has_password boolean not null generated always as (coalesce(password_hash, '') <> '') stored;

alter table app.security_events drop constraint security_events_kind_check,
  add constraint security_events_kind_check check (kind in ('login', 'logout', 'session_revoked', 'sessions_revoked', 'refresh_token_reused',
    'password_changed', 'identity_linked', 'identity_removed', 'account_claimed'));

alter table app.external_identities enable row level security, force row level security;

---- create above / drop below ----

-- What has happened stays written down: the constraint of before binds new rows only.
alter table app.security_events drop constraint security_events_kind_check,
  add constraint security_events_kind_check check (kind in ('login', 'logout', 'session_revoked', 'sessions_revoked', 'refresh_token_reused',
    'password_changed')) not valid;
alter table app.users drop column has_password;
drop table app.external_identities;
