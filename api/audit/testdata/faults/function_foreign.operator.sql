-- finds: function hidden.same(text, text)
create schema hidden;
create schema reached;
grant usage on schema reached to insightforge_api;
create function hidden.same(text, text) returns boolean language sql immutable return true;
create operator reached.= (leftarg = text, rightarg = text, function = hidden.same)
