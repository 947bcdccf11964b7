-- People and their sessions. Not tenant tables: a person belongs to no organization until a membership says so.

create table app.users (
  id uuid primary key,
  email text not null unique check (email = lower(email) and char_length(email) between 3 and 254),
  full_name text not null check (char_length(full_name) between 1 and 200),
  password_hash text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  revision integer not null default 1
);

-- One row a login. The refresh token is an HMAC over (id, generation), so no secret is stored; each refresh raises the
-- generation, and a token of an earlier one ends the session.
create table app.sessions (
  id uuid primary key,
  user_id uuid not null references app.users,
  generation integer not null default 1,
  created_at timestamptz not null default now(),
  refreshed_at timestamptz not null default now(),
  expires_at timestamptz not null default now() + interval '7 days'
);
create index sessions_user_id on app.sessions (user_id);

alter table app.users enable row level security, force row level security;
alter table app.sessions enable row level security, force row level security;

---- create above / drop below ----

drop table app.sessions;
drop table app.users;
