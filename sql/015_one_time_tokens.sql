-- What is sent to an address to be proved, each good for one use. A token is 256 random bits; what is stored is its SHA-256.
--
-- A registration waits here until its address is proved: nobody is a user by an address that mail to them does not reach. Its
-- user_id is the one that the user will have, so there is no foreign key. The others are void once their user has another
-- password_hash than this, or, but for a change of address, another address. Once used, a row has no password_hash.

create table app.one_time_tokens (
  token_hash text primary key check (token_hash ~ '^[0-9a-f]{64}$'),
  kind text not null check (kind in ('registration', 'verification', 'email_change', 'password_reset')),
  email text not null check (email = lower(email) and char_length(email) between 3 and 254), -- where the token was sent
  user_id uuid not null,
  full_name text check (char_length(full_name) between 1 and 200),
  password_hash text, -- of a registration the one to be; null: whichever
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  expires_on text not null check (expires_on = to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD')), -- what removes it names the day
  used_at timestamptz,
  check ((kind = 'registration') = (full_name is not null) and (kind = 'verification') = (password_hash is null)),
  check (expires_at <= created_at + case kind when 'password_reset' then interval '30 minutes' else interval '24 hours' end)
);
create index one_time_tokens_expires_on on app.one_time_tokens (expires_on);

alter table app.one_time_tokens enable row level security, force row level security;

alter table app.security_events
  alter column session_id drop not null, -- who has a token need not be signed in
  drop constraint security_events_kind_check,
  add constraint security_events_kind_check check (kind in ('login', 'logout', 'session_revoked', 'sessions_revoked',
    'refresh_token_reused', 'password_changed', 'identity_linked', 'identity_removed', 'account_claimed',
    'password_reset', 'email_verified', 'email_changed'));

---- create above / drop below ----

delete from app.security_events where kind in ('password_reset', 'email_verified', 'email_changed');
alter table app.security_events
  alter column session_id set not null,
  drop constraint security_events_kind_check,
  add constraint security_events_kind_check check (kind in ('login', 'logout', 'session_revoked', 'sessions_revoked',
    'refresh_token_reused', 'password_changed', 'identity_linked', 'identity_removed', 'account_claimed'));
drop table app.one_time_tokens;
