-- dataset_words    | OWNER | ADMIN | ANALYST         | VIEWER
-- select           | ✔     | ✔     | ✔               | ✔
-- insert           | ✔     | ✔     | to own datasets |
-- update           |       |       |                 |
-- delete           |       |       |                 |
--
-- Dictionaries go with their dataset (foreign key). created_by is the dataset's creator.

grant select, insert (org_id, dataset_id, column_no, page_no, created_by, words) on app.dataset_words to insightforge_api, insightforge_key;

create policy dataset_words_select on app.dataset_words for select to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER'));
create policy dataset_words_insert on app.dataset_words for insert to insightforge_api, insightforge_key
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()));
