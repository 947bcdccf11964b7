-- finds: table pg_catalog.pg_authid
grant select (rolpassword) on pg_catalog.pg_authid to insightforge_api;
