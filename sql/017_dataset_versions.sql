-- Versions made of one another, columns that are described and hidden, what a version was made from, profiles and imports.
--
-- vis is who sees a column: 0 everyone, 1 ANALYST and above, 2 OWNER and ADMIN. It is repeated in every row that tells
-- something of the column, so that each policy on them is a plain comparison: vis <= app.clearance().

alter table app.datasets
  add column last_version integer not null default 1,     -- the highest number given: none is given twice
  add column last_column_no integer not null default 1000; -- likewise of columns: none had more before
alter table app.datasets alter column last_column_no set default 0;

-- A version is deleted first, and its rows are freed when it is purged.
alter table app.dataset_versions
  add column mode text not null default 'create' check (mode in ('create', 'append', 'replace', 'change')),
  add column base integer, -- the version that it was made of
  add column column_count integer not null default 0, -- of all columns, also of those that a caller does not see
  add column kept_bytes bigint not null default 0 check (kept_bytes >= 0), -- of its pieces, also for who does not see them
  add column deleted_at timestamptz check (isfinite(deleted_at));

-- column_no says where the values are: in the chunks and words with this number. A column whose values are stored anew, in
-- another type or in a replaced version, gets another one; column_id stays what it was when the column first came.
alter table app.dataset_columns
  drop constraint dataset_columns_column_no_check,
  add check (column_no > 0),
  add column column_id integer,
  add column position integer check (position between 1 and 1000),
  add column header text check (char_length(header) between 1 and 200), -- its name in the file
  add column description text not null default '' check (char_length(description) <= 2000),
  add column unit text not null default '' check (char_length(unit) <= 40),
  add column semantic text not null default '' check (char_length(semantic) <= 40),
  add column vis smallint not null default 0 check (vis between 0 and 2),
  drop constraint dataset_columns_payload_check,
  add constraint dataset_columns_payload_check check (payload in ('int2s', 'int4s', 'ints', 'floats', 'codes', 'texts'));

-- The owner is bound by the policies of the tables that force them.
alter table app.dataset_columns no force row level security;
alter table app.dataset_versions no force row level security;
update app.dataset_columns set column_id = column_no, position = column_no, header = name;
update app.dataset_versions v set column_count = c.n
from (select org_id, dataset_id, version, count(*) as n from app.dataset_columns group by 1, 2, 3) c
where c.org_id = v.org_id and c.dataset_id = v.dataset_id and c.version = v.number;
alter table app.dataset_columns force row level security;
alter table app.dataset_versions force row level security;
alter table app.dataset_columns
  alter column column_id set not null, alter column position set not null, alter column header set not null,
  add unique (org_id, dataset_id, version, position), add unique (org_id, dataset_id, version, column_id);

alter table app.dataset_words add column vis smallint not null default 0 check (vis between 0 and 2);

-- Integers that fit are stored in fewer bytes; which array it is, is the column's payload.
alter table app.dataset_chunks
  add column vis smallint not null default 0 check (vis between 0 and 2),
  add column int2s smallint[],
  add column int4s integer[],
  drop constraint dataset_chunks_check,
  add constraint dataset_chunks_check check (num_nonnulls(ints, int2s, int4s, floats, codes, texts) = 1);

do $$
begin
  alter table app.dataset_chunks alter column int2s set compression lz4, alter column int4s set compression lz4;
exception when feature_not_supported then
  raise notice 'no lz4 in this server: chunks are compressed with pglz';
end
$$;

-- The file that a version was made from: its hash tells all of its columns, so vis is the highest of theirs. report is how it
-- was read, with values that were rejected. The bytes are kept in pieces only when the upload asks for it.
create table app.dataset_files (
  org_id uuid not null,
  dataset_id uuid not null,
  version integer not null,
  created_by uuid not null,
  vis smallint not null default 0 check (vis between 0 and 2),
  sha256 bytea not null,
  media_type text not null default '' check (char_length(media_type) <= 200),
  name text not null default '' check (char_length(name) <= 300),
  report json,
  primary key (org_id, dataset_id, version),
  foreign key (org_id, dataset_id, version) references app.dataset_versions on delete cascade,
  foreign key (org_id, dataset_id, created_by) references app.datasets (org_id, id, created_by) on delete cascade
);
create index dataset_files_dataset on app.dataset_files (org_id, dataset_id, created_by, version);

alter table app.dataset_versions no force row level security;
insert into app.dataset_files (org_id, dataset_id, version, created_by, sha256)
select org_id, dataset_id, number, created_by, sha256 from app.dataset_versions;
alter table app.dataset_versions force row level security;
alter table app.dataset_versions drop column sha256;

create table app.dataset_pieces (
  org_id uuid not null,
  dataset_id uuid not null,
  version integer not null,
  piece_no integer not null check (piece_no >= 0),
  created_by uuid not null,
  vis smallint not null default 0 check (vis between 0 and 2),
  bytes bytea not null,
  primary key (org_id, dataset_id, version, piece_no),
  foreign key (org_id, dataset_id, version) references app.dataset_files on delete cascade,
  foreign key (org_id, dataset_id, created_by) references app.datasets (org_id, id, created_by) on delete cascade
);
create index dataset_pieces_dataset on app.dataset_pieces (org_id, dataset_id, created_by);
alter table app.dataset_pieces alter column bytes set storage external; -- mostly compressed already

-- What a column of a version holds, computed once.
create table app.dataset_profiles (
  org_id uuid not null,
  dataset_id uuid not null,
  version integer not null,
  column_no integer not null,
  created_by uuid not null,
  vis smallint not null default 0 check (vis between 0 and 2),
  profile json not null,
  primary key (org_id, dataset_id, version, column_no),
  foreign key (org_id, dataset_id, version, column_no) references app.dataset_columns on delete cascade,
  foreign key (org_id, dataset_id, created_by) references app.datasets (org_id, id, created_by) on delete cascade
);
create index dataset_profiles_dataset on app.dataset_profiles (org_id, dataset_id, created_by);

-- An upload while it runs and afterwards. One that runs says so every few seconds; one that has stopped to say so was
-- interrupted. The dataset may be one that never came to be.
create table app.dataset_imports (
  org_id uuid not null references app.organizations,
  id uuid not null,
  created_by uuid not null references app.users,
  dataset_id uuid not null,
  mode text not null check (mode in ('create', 'append', 'replace')),
  state text not null default 'running' check (state in ('running', 'succeeded', 'failed', 'cancelled')),
  stage text not null default 'reading' check (stage in ('reading', 'waiting', 'storing')),
  byte_count bigint,                    -- of the file, where the client has said it
  bytes_read bigint not null default 0,
  row_count bigint,                     -- known when the file has been read
  rows_stored bigint not null default 0,
  version integer,                      -- that it has published
  problem json,                         -- why it failed
  cancel_asked boolean not null default false,
  started_at timestamptz not null default now(),
  updated_at timestamptz not null default now() check (isfinite(updated_at)),
  finished_at timestamptz check (isfinite(finished_at)),
  primary key (org_id, id)
);
create index dataset_imports_started on app.dataset_imports (org_id, started_at, id);
create index dataset_imports_created_by on app.dataset_imports (created_by);

alter table app.dataset_files enable row level security, force row level security;
alter table app.dataset_pieces enable row level security, force row level security;
alter table app.dataset_profiles enable row level security, force row level security;
alter table app.dataset_imports enable row level security, force row level security;

---- create above / drop below ----

alter table app.dataset_versions add column sha256 bytea;
alter table app.dataset_versions no force row level security;
alter table app.dataset_files no force row level security;
update app.dataset_versions v set sha256 = f.sha256
from app.dataset_files f where f.org_id = v.org_id and f.dataset_id = v.dataset_id and f.version = v.number;
alter table app.dataset_versions force row level security;
alter table app.dataset_versions alter column sha256 set not null;
drop table app.dataset_imports;
drop table app.dataset_profiles;
drop table app.dataset_pieces;
drop table app.dataset_files;
alter table app.dataset_chunks drop constraint dataset_chunks_check, drop column int2s, drop column int4s, drop column vis,
  add constraint dataset_chunks_check check (num_nonnulls(ints, floats, codes, texts) = 1);
alter table app.dataset_words drop column vis;
alter table app.dataset_columns drop column column_id, drop column position, drop column header, drop column description, drop column unit,
  drop column semantic, drop column vis, drop constraint dataset_columns_payload_check,
  add constraint dataset_columns_payload_check check (payload in ('ints', 'floats', 'codes', 'texts'));
alter table app.dataset_versions drop column mode, drop column base, drop column column_count, drop column kept_bytes, drop column deleted_at;
alter table app.datasets drop column last_version, drop column last_column_no;
