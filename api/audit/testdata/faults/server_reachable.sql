-- finds: server elsewhere
create foreign data wrapper wrapper;
create server elsewhere foreign data wrapper wrapper;
grant usage on foreign server elsewhere to insightforge_api;
