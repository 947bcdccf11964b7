-- finds: publication everything
create publication everything for table app.datasets, app.users
