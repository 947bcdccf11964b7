-- finds: role insightforge
alter role insightforge set app.role = 'OWNER';
