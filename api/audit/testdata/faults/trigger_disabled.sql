-- finds: table app.analyses
alter table app.analyses disable trigger all;
