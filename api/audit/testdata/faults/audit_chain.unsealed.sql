-- finds: audit chain of organization 00000000-0000-0000-0000-00000000000a
insert into app.users (id, email, full_name, password_hash) values ('00000000-0000-0000-0000-0000000000aa', 'ada@example.com', 'Ada', 'x');
insert into app.organizations (id, name, created_by) values ('00000000-0000-0000-0000-00000000000a', 'Acme', '00000000-0000-0000-0000-0000000000aa');
insert into app.audit_events (org_id, id, actor_id, action, request_id, address)
select '00000000-0000-0000-0000-00000000000a', ('00000000-0000-0000-0000-0000000000e' || n)::uuid, '00000000-0000-0000-0000-0000000000aa', 'dataset.changed', 'x', '' from generate_series(1, 3) n;
update app.audit_events set at = now() - interval '61 minutes' where id = '00000000-0000-0000-0000-0000000000e1';
