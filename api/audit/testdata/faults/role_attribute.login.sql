-- finds: role insightforge
alter role insightforge superuser
