-- When a person has shown that mail to the address reaches them. Null: not yet.

alter table app.users add column email_verified_at timestamptz;

---- create above / drop below ----

alter table app.users drop column email_verified_at;
