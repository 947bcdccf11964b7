-- finds: role insightforge_owner
alter default privileges for role insightforge_owner in schema app grant select on tables to insightforge_api;
