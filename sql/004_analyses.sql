-- Saved queries, their stored results, and the questions that were asked.

create table app.analyses (
  org_id uuid not null,
  id uuid not null,
  dataset_id uuid not null,
  name text not null check (char_length(name) between 1 and 200),
  query json not null, -- as it was asked: jsonb would write 1e308 out
  created_by uuid not null references app.users,
  created_at timestamptz not null default now(),
  primary key (org_id, id),
  foreign key (org_id, dataset_id) references app.datasets on delete cascade
);
create index analyses_dataset on app.analyses (org_id, dataset_id);
create index analyses_created_by on app.analyses (created_by);

-- result is json, not jsonb: stored as it was answered, every digit of a decimal included.
create table app.analysis_runs (
  org_id uuid not null,
  id uuid not null,
  analysis_id uuid not null,
  created_by uuid not null references app.users, -- who ran it
  created_at timestamptz not null default now(),
  result json not null,
  primary key (org_id, id),
  foreign key (org_id, analysis_id) references app.analyses on delete cascade
);
create index analysis_runs_analysis on app.analysis_runs (org_id, analysis_id, id);
create index analysis_runs_created_by on app.analysis_runs (created_by);

create table app.questions (
  org_id uuid not null,
  id uuid not null,
  dataset_id uuid not null,
  question text not null check (char_length(question) between 1 and 1000),
  interpretation json not null,
  provider text not null,
  created_by uuid not null references app.users,
  created_at timestamptz not null default now(),
  primary key (org_id, id),
  foreign key (org_id, dataset_id) references app.datasets on delete cascade
);
create index questions_dataset on app.questions (org_id, dataset_id);
create index questions_created_by on app.questions (created_by);

alter table app.analyses enable row level security, force row level security;
alter table app.analysis_runs enable row level security, force row level security;
alter table app.questions enable row level security, force row level security;

---- create above / drop below ----

drop table app.questions;
drop table app.analysis_runs;
drop table app.analyses;
