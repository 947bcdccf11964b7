-- Uploaded tables as columns. A dataset has versions; a version is a list of segments; a segment is cut into chunks of
-- at most 16,384 rows, one row of dataset_chunks for each chunk of each column.
--
-- created_by in every table below datasets is the creator of the dataset, kept equal by the foreign keys: "own" is then
-- a plain comparison in a policy, without a look into another table.

create table app.datasets (
  org_id uuid not null references app.organizations,
  id uuid not null,
  name text not null check (char_length(name) between 1 and 200),
  created_by uuid not null references app.users,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  revision integer not null default 1,
  version integer not null default 1, -- the active one
  primary key (org_id, id),
  unique (org_id, id, created_by)
);
create index datasets_created_by on app.datasets (created_by);

create table app.dataset_versions (
  org_id uuid not null,
  dataset_id uuid not null,
  number integer not null,
  created_by uuid not null,
  published_by uuid not null references app.users,
  published_at timestamptz not null default now(),
  row_count bigint not null,
  byte_count bigint not null, -- of the uploaded file
  sha256 bytea not null,      -- of the uploaded file
  segment_ids uuid[] not null,
  primary key (org_id, dataset_id, number),
  foreign key (org_id, dataset_id, created_by) references app.datasets (org_id, id, created_by) on delete cascade
);
create index dataset_versions_published_by on app.dataset_versions (published_by);
create index dataset_versions_dataset on app.dataset_versions (org_id, dataset_id, created_by);

-- payload says which array of a chunk holds the values: ints (integer; decimal as value·10^scale; boolean as 0 or 1;
-- date as days and timestamp as microseconds since 1970-01-01 UTC), floats, codes (into dataset_words) or texts.
create table app.dataset_columns (
  org_id uuid not null,
  dataset_id uuid not null,
  version integer not null,
  column_no integer not null check (column_no between 1 and 1000),
  created_by uuid not null,
  name text not null check (char_length(name) between 1 and 200),
  type text not null check (type in ('integer', 'decimal', 'float', 'boolean', 'date', 'timestamp', 'text')),
  scale integer not null default 0 check (scale between 0 and 18),
  payload text not null check (payload in ('ints', 'floats', 'codes', 'texts')),
  null_count bigint not null,
  primary key (org_id, dataset_id, version, column_no),
  unique (org_id, dataset_id, version, name),
  foreign key (org_id, dataset_id, version) references app.dataset_versions on delete cascade,
  foreign key (org_id, dataset_id, created_by) references app.datasets (org_id, id, created_by) on delete cascade
);
create index dataset_columns_dataset on app.dataset_columns (org_id, dataset_id, created_by);

create table app.dataset_segments (
  org_id uuid not null,
  id uuid not null,
  dataset_id uuid not null,
  created_by uuid not null,
  row_count bigint not null,
  primary key (org_id, id),
  unique (org_id, id, created_by),
  foreign key (org_id, dataset_id, created_by) references app.datasets (org_id, id, created_by) on delete cascade
);
create index dataset_segments_dataset on app.dataset_segments (org_id, dataset_id, created_by);

-- The dictionary of a text column, in pages of 1,024 words: code c is words[c % 1024 + 1] of page c / 1024.
-- It belongs to the dataset's column, is shared by all segments, and only grows.
create table app.dataset_words (
  org_id uuid not null,
  dataset_id uuid not null,
  column_no integer not null,
  page_no integer not null,
  created_by uuid not null,
  words text[] not null,
  primary key (org_id, dataset_id, column_no, page_no),
  foreign key (org_id, dataset_id, created_by) references app.datasets (org_id, id, created_by) on delete cascade
);
create index dataset_words_dataset on app.dataset_words (org_id, dataset_id, created_by);

-- Exactly one of the four arrays is set; nulls are nulls in it. Chunks with the same chunk_no hold the same rows in
-- every column of a segment: first_row (from 0, within the segment) up to first_row + row_count - 1.
-- min_value and max_value are of ints or codes; null for the others and where every value is null.
create table app.dataset_chunks (
  org_id uuid not null,
  segment_id uuid not null,
  column_no integer not null,
  chunk_no integer not null,
  created_by uuid not null,
  first_row bigint not null,
  row_count integer not null,
  null_count integer not null,
  min_value bigint,
  max_value bigint,
  ints bigint[],
  floats double precision[],
  codes integer[],
  texts text[],
  primary key (org_id, segment_id, column_no, chunk_no),
  foreign key (org_id, segment_id, created_by) references app.dataset_segments (org_id, id, created_by) on delete cascade,
  check (num_nonnulls(ints, floats, codes, texts) = 1)
);
create index dataset_chunks_segment on app.dataset_chunks (org_id, segment_id, created_by);

-- pglz makes 0.73 of the size but loads 4 times slower (measured); a server built without lz4 keeps pglz.
do $$
declare
  c text;
begin
  foreach c in array array['ints', 'floats', 'codes', 'texts'] loop
    execute format('alter table app.dataset_chunks alter column %I set compression lz4', c);
  end loop;
exception when feature_not_supported then
  raise notice 'no lz4 in this server: chunks are compressed with pglz';
end
$$;

alter table app.datasets enable row level security, force row level security;
alter table app.dataset_versions enable row level security, force row level security;
alter table app.dataset_columns enable row level security, force row level security;
alter table app.dataset_segments enable row level security, force row level security;
alter table app.dataset_words enable row level security, force row level security;
alter table app.dataset_chunks enable row level security, force row level security;

---- create above / drop below ----

drop table app.dataset_chunks;
drop table app.dataset_words;
drop table app.dataset_segments;
drop table app.dataset_columns;
drop table app.dataset_versions;
drop table app.datasets;
