-- finds: table app.parts
create table app.parts (org_id uuid not null) partition by hash (org_id);
alter table app.parts owner to insightforge_owner;
alter table app.parts enable row level security, force row level security;
grant select on app.parts to insightforge_api;
