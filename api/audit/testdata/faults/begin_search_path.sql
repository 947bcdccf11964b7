-- finds: function app.begin_user(uuid)
alter function app.begin_user(uuid) reset search_path;
