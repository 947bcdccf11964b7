-- finds: function app.chosen(text, boolean)
create aggregate app.chosen(text, boolean) (sfunc = set_config, stype = text, initcond = 'app.org_id');
revoke execute on function app.chosen(text, boolean) from public;
alter aggregate app.chosen(text, boolean) owner to insightforge_owner
