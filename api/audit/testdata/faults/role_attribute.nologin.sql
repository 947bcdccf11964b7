-- finds: role insightforge
alter role insightforge nologin bypassrls
