-- finds: not null of app.users.password_hash
alter table app.users alter column password_hash drop not null
