-- Organizations and who belongs to them.

create table app.organizations (
  id uuid primary key,
  name text not null check (char_length(name) between 1 and 200),
  created_by uuid not null references app.users,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  revision integer not null default 1
);
create index organizations_created_by on app.organizations (created_by);

-- full_name is a copy of the user's: the list of members is one table, and no policy needs to look into users.
create table app.memberships (
  org_id uuid not null references app.organizations,
  user_id uuid not null references app.users,
  role text not null check (role in ('OWNER', 'ADMIN', 'ANALYST', 'VIEWER')),
  full_name text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  revision integer not null default 1,
  primary key (org_id, user_id)
);
create index memberships_user_id on app.memberships (user_id);

-- Apart from memberships, because who may read an address is another question than who may read a name.
create table app.member_emails (
  org_id uuid not null,
  user_id uuid not null,
  email text not null,
  primary key (org_id, user_id),
  foreign key (org_id, user_id) references app.memberships on delete cascade
);

-- The token itself is shown once and never stored. No unique key on its hash: it would answer across organizations.
create table app.invitations (
  org_id uuid not null references app.organizations,
  id uuid not null,
  email text not null check (email = lower(email) and char_length(email) between 3 and 254),
  role text not null check (role in ('OWNER', 'ADMIN', 'ANALYST', 'VIEWER')),
  invited_by uuid not null references app.users,
  token_hash text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null default now() + interval '7 days',
  accepted_at timestamptz,
  revoked_at timestamptz,
  primary key (org_id, id)
);
create index invitations_token_hash on app.invitations (token_hash);
create index invitations_invited_by on app.invitations (invited_by);

alter table app.organizations enable row level security, force row level security;
alter table app.memberships enable row level security, force row level security;
alter table app.member_emails enable row level security, force row level security;
alter table app.invitations enable row level security, force row level security;

---- create above / drop below ----

drop table app.invitations;
drop table app.member_emails;
drop table app.memberships;
drop table app.organizations;
