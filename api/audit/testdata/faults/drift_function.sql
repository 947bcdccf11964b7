-- finds: function app.role()
create or replace function app.role() returns text stable parallel safe language sql return 'OWNER';
