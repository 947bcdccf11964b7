-- finds: function pg_catalog.leak()
create function pg_catalog.leak() returns setof app.users language sql security definer as 'select * from app.users'
