-- finds: default of app.invitations.expires_at
alter table app.invitations alter column expires_at set default 'infinity'
