-- finds: function app.definer()
create function app.definer() returns int security definer language sql return 1;
revoke execute on function app.definer() from public;
alter function app.definer() owner to insightforge_owner;
