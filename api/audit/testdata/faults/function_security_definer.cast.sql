-- finds: function hidden.told(uuid)
create schema hidden;
create function hidden.told(uuid) returns bytea language sql immutable security definer as $$ select ''::bytea $$;
create cast (uuid as bytea) with function hidden.told(uuid)
