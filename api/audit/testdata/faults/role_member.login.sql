-- finds: role other
create role other login noinherit;
grant insightforge_api to other;
