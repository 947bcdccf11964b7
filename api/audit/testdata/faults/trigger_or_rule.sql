-- finds: table app.datasets
create trigger copy before insert on app.datasets for each row execute function pg_catalog.suppress_redundant_updates_trigger();
