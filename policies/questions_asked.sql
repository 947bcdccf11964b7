-- questions_asked | OWNER | ADMIN | ANALYST | VIEWER
-- select          | ✔     | ✔     | ✔       | ✔
-- insert          | ✔     | ✔     | ✔       |         now: the time is not theirs
-- update          |       |       |         |
-- delete          |       |       |         |
--
-- Append-only, so that what was asked stays counted: not with a foreign key to the question, which goes with its dataset.

grant select, insert (org_id, id) on app.questions_asked to insightforge_api, insightforge_key;

create policy questions_asked_select on app.questions_asked for select to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER'));
create policy questions_asked_insert on app.questions_asked for insert to insightforge_api, insightforge_key
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST'));
