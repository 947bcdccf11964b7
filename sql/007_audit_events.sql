-- Who changed what in an organization, and who tried to: members, roles, keys, invitations, settings, datasets, exports.
-- Written in the statement or transaction of the change; never changed. before and after hold what was changed and nothing
-- secret. A refused change has the code of the problem that the caller was told.

create table app.audit_events (
  org_id uuid not null references app.organizations,
  id uuid not null,
  at timestamptz not null default now(),
  actor_id uuid not null references app.users,
  api_key_id uuid, -- the key that was used; it may be gone, so no foreign key
  action text not null check (action ~ '^[a-z_]{1,40}\.[a-z_]{1,40}$'),
  refusal text check (char_length(refusal) between 1 and 60), -- null: it was done
  object_id uuid,
  before jsonb check (octet_length(before::text) <= 65536),
  after jsonb check (octet_length(after::text) <= 65536),
  request_id text not null check (char_length(request_id) <= 100),
  address text not null check (char_length(address) <= 45),
  primary key (org_id, id)
);
create index audit_events_actor on app.audit_events (org_id, actor_id, id);
create index audit_events_actor_id on app.audit_events (actor_id);

alter table app.audit_events enable row level security, force row level security;

---- create above / drop below ----

drop table app.audit_events;
