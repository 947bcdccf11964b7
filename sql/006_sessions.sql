-- What a person needs to know their sessions by, and what happened to them. refreshed_at is the last rotation: for 10 s
-- after it the token before is accepted. 30 days after created_at a session ends, however often it was refreshed.

alter table app.sessions
  add column device text not null default '' check (char_length(device) <= 200), -- a User-Agent: what the client says of itself
  add column address text not null default '' check (char_length(address) <= 45);

-- Of a person, in no organization. A session that it names may be gone: no foreign key.
create table app.security_events (
  user_id uuid not null references app.users on delete cascade,
  id uuid not null,
  at timestamptz not null default now(),
  kind text not null check (kind in ('login', 'logout', 'session_revoked', 'sessions_revoked', 'refresh_token_reused', 'password_changed')),
  session_id uuid not null,
  device text not null default '' check (char_length(device) <= 200),
  address text not null default '' check (char_length(address) <= 45),
  primary key (user_id, id)
);

alter table app.security_events enable row level security, force row level security;

---- create above / drop below ----

drop table app.security_events;
alter table app.sessions drop column device, drop column address;
