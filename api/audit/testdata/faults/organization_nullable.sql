-- finds: table app.notes
create table app.notes (org_id uuid, id uuid not null);
alter table app.notes owner to insightforge_owner;
alter table app.notes enable row level security, force row level security;
