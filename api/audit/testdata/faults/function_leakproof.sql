-- finds: function app.leaky()
create function app.leaky() returns int leakproof language sql return 1;
revoke execute on function app.leaky() from public;
alter function app.leaky() owner to insightforge_owner;
