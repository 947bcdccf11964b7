-- finds: table app.names
create view app.names as select name from app.datasets;
alter view app.names owner to insightforge_owner;
grant select on app.names to insightforge_api;
