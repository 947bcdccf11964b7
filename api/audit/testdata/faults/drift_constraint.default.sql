-- finds: default of expires_at on app.invitations
alter table app.invitations alter column expires_at set default now() + interval '100 years';
