-- finds: index app.name_once
create unique index name_once on app.organizations (name)
