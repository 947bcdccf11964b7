-- questions      | OWNER | ADMIN | ANALYST | VIEWER
-- select         | ✔     | ✔     | own     | own
-- insert         | ✔     | ✔     | ✔       |
-- update         |       |       |         |
-- delete         |       |       |         |
--
-- Asking is written down before it is answered; that insert is what refuses a VIEWER. What others have asked is read by OWNER
-- and ADMIN alone: that it was asked is in questions_asked, for everybody to count.

grant select, insert (org_id, id, dataset_id, question, interpretation, provider, created_by) on app.questions to insightforge_api, insightforge_key;

create policy questions_select on app.questions for select to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()));
create policy questions_insert on app.questions for insert to insightforge_api, insightforge_key
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and created_by = app.user_id());
