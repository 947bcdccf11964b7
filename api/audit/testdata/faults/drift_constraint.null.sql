-- finds: not null of role on app.memberships
alter table app.memberships alter column role drop not null;
