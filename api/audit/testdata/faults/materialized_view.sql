-- finds: table app.names
create materialized view app.names as select name from app.datasets;
alter materialized view app.names owner to insightforge_owner;
