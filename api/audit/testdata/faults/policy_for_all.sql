-- finds: policy all_of_it on app.notes
create table app.notes (org_id uuid not null);
alter table app.notes owner to insightforge_owner;
alter table app.notes enable row level security, force row level security;
create policy all_of_it on app.notes to insightforge_api using (org_id = app.org_id()) with check (org_id = app.org_id());
