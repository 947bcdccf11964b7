-- The events of an organization as a chain: seal n is the SHA-256 of seal n-1 followed by the event. Seals are made after the
-- events are committed (api/audit_seals.go), so that no change waits for another one's, and a late commit disturbs nothing.

create table app.audit_seals (
  org_id uuid not null,
  number bigint not null check (number > 0), -- without gaps
  event_id uuid not null,
  hash bytea not null check (octet_length(hash) = 32),
  primary key (org_id, number),
  unique (org_id, event_id),
  foreign key (org_id, event_id) references app.audit_events
);

-- An event has the time of its insertion, shortly before the commit, and not that of its transaction, which may have loaded a
-- file since: what is committed late would otherwise look old.
alter table app.audit_events alter column at set default clock_timestamp();

-- Each filter of the list begins an index that ends in the order of the list.
drop index app.audit_events_actor;
create index audit_events_at on app.audit_events (org_id, at, id);
create index audit_events_actor on app.audit_events (org_id, actor_id, at, id);
create index audit_events_action on app.audit_events (org_id, action, at, id);
create index audit_events_object on app.audit_events (org_id, object_id, at, id);
create index audit_events_refused on app.audit_events (org_id, at, id) where refusal is not null;

alter table app.audit_seals enable row level security, force row level security;

---- create above / drop below ----

drop table app.audit_seals;
drop index app.audit_events_at, app.audit_events_actor, app.audit_events_action, app.audit_events_object, app.audit_events_refused;
create index audit_events_actor on app.audit_events (org_id, actor_id, id);
alter table app.audit_events alter column at set default now();
