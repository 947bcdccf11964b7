-- What an organization is found by, where its days begin, and that it was deleted.
--
-- The slug is a public name, as an address is: unique over all organizations, the deleted ones too until they are purged. Those
-- that are there get one that nobody guesses. The time zone is one that this server knows, so that no statement fails over it.

alter table app.organizations
  add column slug text not null default 'org-' || right(gen_random_uuid()::text, 12) unique
    check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and char_length(slug) between 2 and 48),
  add column time_zone text not null default 'UTC'
    check (time_zone ~ '^[A-Z]' and char_length(time_zone) <= 64 and timestamptz '2000-01-01 00:00:00Z' at time zone time_zone is not null),
  add column deleted_at timestamptz; -- null: live. 30 days later it may be purged

---- create above / drop below ----

alter table app.organizations drop column slug, drop column time_zone, drop column deleted_at;
