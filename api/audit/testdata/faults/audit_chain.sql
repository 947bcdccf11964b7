-- finds: audit chain of organization 00000000-0000-0000-0000-00000000000a
insert into app.users (id, email, full_name, password_hash) values ('00000000-0000-0000-0000-0000000000aa', 'ada@example.com', 'Ada', 'x');
insert into app.organizations (id, name, created_by) values ('00000000-0000-0000-0000-00000000000a', 'Acme', '00000000-0000-0000-0000-0000000000aa');
insert into app.audit_events (org_id, id, actor_id, action, request_id, address)
select '00000000-0000-0000-0000-00000000000a', ('00000000-0000-0000-0000-0000000000e' || n)::uuid, '00000000-0000-0000-0000-0000000000aa', 'dataset.changed', 'x', '' from generate_series(1, 3) n;
with recursive e as (
  select id, row_number() over (order by id) as n, convert_to(jsonb_build_array(org_id, id, extract(epoch from at), actor_id, api_key_id, action, refusal, object_id,
    before, after, request_id, address)::text, 'UTF8') as content from app.audit_events),
chain as (
  select n, id, sha256(content) as hash from e where n = 1
  union all
  select e.n, e.id, sha256(c.hash || e.content) from chain c join e on e.n = c.n + 1)
insert into app.audit_seals (org_id, number, event_id, hash) select '00000000-0000-0000-0000-00000000000a', n, id, hash from chain;
update app.audit_events set action = 'dataset.created' where id = '00000000-0000-0000-0000-0000000000e2';
