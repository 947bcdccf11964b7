-- member_emails  | OWNER | ADMIN | ANALYST | VIEWER | user (no organization chosen)
-- select         | ✔     | ✔     |         |        | ✔ own
-- insert         |       |       |         |        | ✔ own, only inside begin_organization and begin_invitation
-- update         |       |       |         |        | ✔ own, to the address that begin_token has proved
-- delete         |       |       |         |        | (goes with the membership)

grant select on app.member_emails to insightforge_api;
grant select, insert (org_id, user_id, email), update (email) on app.member_emails to insightforge_user;

create policy member_emails_select on app.member_emails for select to insightforge_api
  using (org_id = app.org_as('OWNER', 'ADMIN'));
create policy member_emails_select_user on app.member_emails for select to insightforge_user
  using (user_id = app.user_id());
create policy member_emails_insert_user on app.member_emails for insert to insightforge_user
  with check (org_id = app.org_id() and user_id = app.user_id() and email = app.subject());
create policy member_emails_update_user on app.member_emails for update to insightforge_user
  using (user_id = app.user_id()) with check (user_id = app.user_id() and email = app.subject());
