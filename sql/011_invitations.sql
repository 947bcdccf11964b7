-- Invitations that are declined or sent again, and what the invited is shown of them.

alter table app.invitations
  add column organization_name text check (char_length(organization_name) between 1 and 200),
  add column invited_by_name text check (char_length(invited_by_name) between 1 and 200),
  add column declined_at timestamptz,
  add column resent_at timestamptz,
  add check (num_nonnulls(accepted_at, revoked_at, declined_at) <= 1);

-- Copies, of when the invitation was sent last: the invited may read neither the organization nor its members. The owner is
-- bound by the policies of the tables that force them.
alter table app.invitations no force row level security;
alter table app.organizations no force row level security;
alter table app.users no force row level security;
update app.invitations i set organization_name = o.name, invited_by_name = u.full_name
from app.organizations o, app.users u where o.id = i.org_id and u.id = i.invited_by;
alter table app.invitations force row level security;
alter table app.organizations force row level security;
alter table app.users force row level security;
alter table app.invitations alter column organization_name set not null, alter column invited_by_name set not null;

create index invitations_email on app.invitations (email);
create index member_emails_email on app.member_emails (org_id, email); -- is the invited a member?

-- One that takes an id as well is installed with the policies.
drop function if exists app.begin_invitation(uuid, text);

---- create above / drop below ----

drop function if exists app.begin_invitation(uuid, text, uuid);
drop function if exists app.begin_addressee(uuid, uuid);
drop index app.member_emails_email;
drop index app.invitations_email;
alter table app.invitations drop column organization_name, drop column invited_by_name, drop column declined_at, drop column resent_at;
