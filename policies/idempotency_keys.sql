-- idempotency_keys | every member (own) | user (own) | API key (own: begin with its id)
-- select           | ✔ without the rest | ✔          | ✔
-- insert           | ✔                  |            | ✔
-- update           |                    |            |
-- delete           | ✔ expired ones     |            | ✔ expired ones
--
-- Written in the transaction that makes the object; read after that one was rolled back because the key was there.

grant select (user_id, key, created_at), insert (user_id, key, fingerprint, object_id), delete on app.idempotency_keys to insightforge_api;
grant select on app.idempotency_keys to insightforge_user;
grant select, insert (user_id, key, fingerprint, object_id), delete on app.idempotency_keys to insightforge_key;

create policy idempotency_keys_select on app.idempotency_keys for select to insightforge_api using (user_id = app.user_id());
create policy idempotency_keys_insert on app.idempotency_keys for insert to insightforge_api with check (user_id = app.user_id());
create policy idempotency_keys_delete on app.idempotency_keys for delete to insightforge_api
  using (user_id = app.user_id() and created_at < now() - interval '24 hours');
create policy idempotency_keys_select_user on app.idempotency_keys for select to insightforge_user using (user_id = app.user_id());
create policy idempotency_keys_select_key on app.idempotency_keys for select to insightforge_key
  using (user_id = app.user_id() and left(key, 36) = app.subject());
create policy idempotency_keys_insert_key on app.idempotency_keys for insert to insightforge_key
  with check (user_id = app.user_id() and left(key, 36) = app.subject());
create policy idempotency_keys_delete_key on app.idempotency_keys for delete to insightforge_key
  using (user_id = app.user_id() and left(key, 36) = app.subject() and created_at < now() - interval '24 hours');
