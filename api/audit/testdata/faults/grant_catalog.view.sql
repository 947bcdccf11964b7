-- finds: table information_schema.leak
create view information_schema.leak as select * from app.users;
grant select on information_schema.leak to public
