-- finds: role insightforge_owner
alter role insightforge_owner reset row_security
