-- API keys, and service accounts: members that are no person and act through keys alone.

-- A service account has no address and no password, so nothing that looks for either finds it.
alter table app.users alter column email drop not null;
alter table app.users alter column password_hash drop not null;
alter table app.users
  add column kind text not null default 'person' check (kind in ('person', 'service')),
  add unique (id, kind),
  add check (case kind when 'service' then email is null and password_hash is null else email is not null end);

-- kind is the user's, kept equal by the foreign key: a policy or a constraint then needs no look into users. A service
-- account is never OWNER, so never the last one.
alter table app.memberships
  add column kind text not null default 'person',
  add unique (org_id, user_id, kind),
  drop constraint memberships_user_id_fkey,
  add foreign key (user_id, kind) references app.users (id, kind),
  add check (kind = 'person' or role <> 'OWNER');
drop index app.memberships_user_id;
create index memberships_user on app.memberships (user_id, kind);

-- The token itself is shown once and never stored. No unique key on its hash: it would answer across organizations. A key
-- acts as a member, user_id, and goes with the membership. From revoked_at on it serves no more: after a rotation that is
-- some time ahead.
create table app.api_keys (
  org_id uuid not null,
  id uuid not null,
  user_id uuid not null,
  kind text not null,
  created_by uuid not null references app.users,
  creator_role text not null check (creator_role in ('OWNER', 'ADMIN', 'ANALYST')), -- when it was created
  name text not null check (char_length(name) between 1 and 200),
  role text not null check (role in ('OWNER', 'ADMIN', 'ANALYST', 'VIEWER')), -- at most
  secret_hash text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  last_used_at timestamptz,
  revoked_at timestamptz,
  primary key (org_id, id),
  foreign key (org_id, user_id, kind) references app.memberships (org_id, user_id, kind) on delete cascade,
  check (kind = 'service' or user_id = created_by),
  check (kind = 'person' or role <> 'OWNER'),
  check (expires_at <= created_at + interval '365 days')
);
create index api_keys_secret_hash on app.api_keys (secret_hash);
create index api_keys_member on app.api_keys (org_id, user_id, kind);
create index api_keys_created_by on app.api_keys (created_by);

-- Those of an API key begin with its id and a space.
alter table app.idempotency_keys drop constraint idempotency_keys_key_check,
  add check (char_length(key) between 1 and 140);

alter table app.api_keys enable row level security, force row level security;

---- create above / drop below ----

alter table app.idempotency_keys drop constraint idempotency_keys_key_check,
  add check (char_length(key) between 1 and 100);
drop table app.api_keys;
drop index app.memberships_user;
alter table app.memberships drop column kind, add foreign key (user_id) references app.users;
create index memberships_user_id on app.memberships (user_id);
alter table app.users drop column kind;
alter table app.users alter column email set not null;
alter table app.users alter column password_hash set not null;
