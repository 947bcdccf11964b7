-- finds: role insightforge_api
alter role insightforge_api login;
