-- dataset_words | OWNER | ADMIN | ANALYST                   | VIEWER
-- select        | ✔     | ✔     | vis 0, 1                  | vis 0
-- insert        | ✔     | ✔     | to own datasets, vis 0, 1 |
-- update        | ✔     | ✔     | of own datasets, vis 0, 1 |
-- delete        | ✔     | ✔     | of own datasets, vis 0, 1 |
--
-- Dictionaries go with their dataset (foreign key), or when no version has their column any more. Update is for what an append
-- adds to the last page, and for vis, which follows the column's. created_by is the dataset's creator.

grant select, insert (org_id, dataset_id, column_no, page_no, created_by, vis, words), update (words, vis), delete on app.dataset_words to insightforge_api, insightforge_key;

create policy dataset_words_select on app.dataset_words for select to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST', 'VIEWER') and vis <= app.clearance());
create policy dataset_words_insert on app.dataset_words for insert to insightforge_api, insightforge_key
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()) and vis <= app.clearance());
create policy dataset_words_update on app.dataset_words for update to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()) and vis <= app.clearance())
  with check (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()) and vis <= app.clearance());
create policy dataset_words_delete on app.dataset_words for delete to insightforge_api, insightforge_key
  using (org_id = app.org_as('OWNER', 'ADMIN', 'ANALYST') and (app.role() in ('OWNER', 'ADMIN') or created_by = app.user_id()) and vis <= app.clearance());
