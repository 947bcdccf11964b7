-- finds: role insightforge
alter role insightforge inherit;
