-- finds: function app.chosen(text, text, boolean)
create function app.chosen(text, text, boolean) returns text language internal as 'set_config_by_name';
revoke execute on function app.chosen from public;
alter function app.chosen owner to insightforge_owner
