-- What an administrator (a superuser) runs once in the database that InsightForge is to use, before the migrations:
--
--     psql -d insightforge -f sql/roles.sql
--
-- `insightforge migrate` runs this file itself when the user of DATABASE_URL may create roles. Running it again changes nothing.
-- No password is set here: give the login role one with  alter role insightforge password '…'.

do $$
declare
  -- owner: owns every object. user, api, auth, key: what a caller is, sealer: the server's own job; only app.begin_* switches to them.
  name text;
begin
  foreach name in array array['insightforge_owner', 'insightforge_auth', 'insightforge_user', 'insightforge_api', 'insightforge_key', 'insightforge_sealer'] loop
    if to_regrole(name) is null then
      execute format('create role %I nologin noinherit', name);
    end if;
  end loop;
  if to_regrole('insightforge') is null then
    create role insightforge login noinherit;
  end if;
end
$$;

-- An administrative mistake fails loudly instead of touching only the rows that a policy happens to show.
alter role insightforge_owner set row_security = off;

grant insightforge_auth, insightforge_user, insightforge_api, insightforge_key, insightforge_sealer to insightforge;

-- For `insightforge audit`, which tries as every kind of caller what it may do. It gives the owner nothing that an owner of
-- the tables could not take.
grant insightforge to insightforge_owner;

do $$
begin
  execute format('revoke create, temporary on database %I from public', current_database());
  execute format('grant connect on database %I to insightforge, insightforge_owner', current_database());
end
$$;
revoke all on schema public from public;

create schema if not exists app authorization insightforge_owner;

-- unnest() with an honest row estimate: the planner takes 10 rows for unnest and then sorts and spills.
-- Only a superuser may create a function in language internal; without it queries fall back to unnest.
do $$
begin
  if to_regprocedure('app.expand(anyarray)') is null then
    create function app.expand(anyarray) returns setof anyelement
      language internal immutable parallel safe strict rows 10000 as 'array_unnest';
    revoke execute on function app.expand(anyarray) from public;
    alter function app.expand(anyarray) owner to insightforge_owner;
  end if;
exception when insufficient_privilege then
  raise notice 'app.expand not created (not a superuser): queries use unnest';
end
$$;

-- The one-statement escapes of every policy that reads session variables are  select set_config('app.org_id', …)  and
-- do $$ … set local app.org_id … $$. The owner keeps set_config because pg_dump calls it, and plpgsql to create functions;
-- calling them needs no right to the language. The others are channels between tenants that no part of the product uses.
do $$
begin
  revoke usage on language plpgsql from public;
  grant usage on language plpgsql to insightforge_owner;
exception when insufficient_privilege then
  raise warning 'DO stays open to PUBLIC: not allowed to revoke the language plpgsql here';
end
$$;
do $$
declare
  f regprocedure;
begin
  for f in
    select p.oid::regprocedure from pg_proc p
    where p.pronamespace = 'pg_catalog'::regnamespace
      and (p.proname in ('set_config', 'pg_notify', 'pg_logical_emit_message', 'loread', 'lowrite')
           or p.proname ~ '^(lo_|pg_(try_)?advisory_)')
  loop
    execute format('revoke execute on function %s from public', f);
    execute format('grant execute on function %s to insightforge_owner', f);
  end loop;
exception when insufficient_privilege then
  raise warning 'set_config stays open to PUBLIC: not allowed to revoke it here';
end
$$;
