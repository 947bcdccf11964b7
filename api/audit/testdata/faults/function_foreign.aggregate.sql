-- finds: function reached.chosen(text, boolean)
create schema reached;
grant usage on schema reached to insightforge_api;
create aggregate reached.chosen(text, boolean) (sfunc = set_config, stype = text, initcond = 'app.org_id')
