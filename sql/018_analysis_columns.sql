-- Which columns an analysis is about: their names when it was saved, and their column_id, by which they are found once they
-- are called otherwise. vis is the highest of theirs, so that neither their names nor results of them are shown to who may not
-- see them.

alter table app.analyses
  add column column_names text[] not null default '{}',
  add column column_ids integer[] not null default '{}',
  add column vis smallint not null default 0 check (vis between 0 and 2),
  add check (cardinality(column_names) = cardinality(column_ids));
alter table app.analysis_runs add column vis smallint not null default 0 check (vis between 0 and 2);

-- The owner is bound by the policies of the tables that force them.
alter table app.analyses no force row level security;
alter table app.datasets no force row level security;
alter table app.dataset_columns no force row level security;
update app.analyses a set (column_names, column_ids) = (
  select coalesce(array_agg(c.name order by c.column_id), '{}'), coalesce(array_agg(c.column_id order by c.column_id), '{}')
  from app.datasets d join app.dataset_columns c on c.org_id = d.org_id and c.dataset_id = d.id and c.version = d.version
  where d.org_id = a.org_id and d.id = a.dataset_id
    and c.name in (select n #>> '{}' from jsonb_path_query(a.query::jsonb, 'lax $.*[*].column') n));
alter table app.analyses force row level security;
alter table app.datasets force row level security;
alter table app.dataset_columns force row level security;

---- create above / drop below ----

alter table app.analysis_runs drop column vis;
alter table app.analyses drop column column_names, drop column column_ids, drop column vis;
