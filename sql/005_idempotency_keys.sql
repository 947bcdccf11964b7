-- What a client's Idempotency-Key has made, so that a repeated request makes it once. Not a tenant table: a key is its
-- user's, whatever the organization.

create table app.idempotency_keys (
  user_id uuid not null references app.users on delete cascade,
  key text not null check (char_length(key) between 1 and 100),
  fingerprint bytea not null, -- of the request: the same key with another request is refused
  object_id uuid not null,
  created_at timestamptz not null default now(),
  primary key (user_id, key)
);

alter table app.idempotency_keys enable row level security, force row level security;

---- create above / drop below ----

drop table app.idempotency_keys;
