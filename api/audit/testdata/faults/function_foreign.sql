-- finds: function extensions.dial()
create schema extensions;
grant usage on schema extensions to insightforge_api;
create function extensions.dial() returns int language sql return 1;
