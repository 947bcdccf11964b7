-- finds: role other
create role other;
grant insightforge to other;
