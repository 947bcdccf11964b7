-- finds: not null of app.users.full_name
alter table app.users alter column full_name drop not null
