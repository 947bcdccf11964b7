-- questions      | OWNER | ADMIN | ANALYST | VIEWER
-- select         |       |       |         |
-- insert         | ✔     | ✔     | ✔       |
-- update         |       |       |         |
-- delete         |       |       |         |
--
-- Asking is written down before it is answered; that insert is what refuses a VIEWER. Nothing reads questions yet, so
-- nobody may.

grant insert (org_id, id, dataset_id, question, interpretation, provider, created_by) on app.questions to insightforge_api, insightforge_key;

create policy questions_insert on app.questions for insert to insightforge_api, insightforge_key
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and created_by = app.user_id());
