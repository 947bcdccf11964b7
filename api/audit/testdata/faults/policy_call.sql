-- finds: policy datasets_select on app.datasets
create schema extensions;
create function extensions.weekday() returns boolean stable language sql return extract(isodow from now()) < 6;
alter policy datasets_select on app.datasets using (org_id = app.org_as('OWNER') and extensions.weekday());
