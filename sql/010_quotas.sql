-- How much an organization may have; how much it has is counted where it is. Whoever makes something that counts locks this
-- row first, counts after that, and takes back what is too much.

create table app.quotas (
  org_id uuid primary key references app.organizations,
  members integer not null default 1000 check (members >= 0),
  datasets integer not null default 1000 check (datasets >= 0),
  stored_bytes bigint not null default 107374182400 check (stored_bytes >= 0), -- of uploaded files; 100 GiB
  questions_per_day integer not null default 10000 check (questions_per_day >= 0),
  locked_at timestamptz -- always null: only who may update a column of a row may lock it
);

-- One row for each question that was asked, without the question: to be counted by who may not read it, and still there when
-- its dataset is not.
create table app.questions_asked (
  org_id uuid not null references app.organizations,
  at timestamptz not null default now(),
  id uuid not null, -- the question's
  primary key (org_id, at, id)
);

alter table app.organizations no force row level security;
insert into app.quotas (org_id) select id from app.organizations;
alter table app.organizations force row level security;

alter table app.quotas enable row level security, force row level security;
alter table app.questions_asked enable row level security, force row level security;

---- create above / drop below ----

drop table app.questions_asked;
drop table app.quotas;
