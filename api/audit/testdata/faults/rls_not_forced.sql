-- finds: table app.sessions
alter table app.sessions no force row level security;
