-- finds: table app.datasets
alter table app.datasets disable row level security;
