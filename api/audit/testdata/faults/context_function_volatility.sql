-- finds: function app.org_id()
alter function app.org_id() immutable;
