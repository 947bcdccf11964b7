-- finds: function app.begin_request(uuid, uuid)
grant execute on function app.begin_request(uuid, uuid) to insightforge_api;
