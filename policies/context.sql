-- What the policies compare with: the session variables that app.begin_* set for one transaction.
--
-- STABLE, never IMMUTABLE: a cached plan would answer with another tenant's rows. No SET clause and no SECURITY DEFINER:
-- the planner inlines them, and the policy becomes a One-Time Filter. nullif: once a transaction-local setting has
-- ended, the variable is '' and not null for the rest of the connection's life.

create or replace function app.org_id() returns uuid stable parallel safe language sql
  return nullif(current_setting('app.org_id', true), '')::uuid;

create or replace function app.user_id() returns uuid stable parallel safe language sql
  return nullif(current_setting('app.user_id', true), '')::uuid;

create or replace function app.role() returns text stable parallel safe language sql
  return nullif(current_setting('app.role', true), '');

-- What a caller who is not known yet has named: an address, a session, the hash of an invitation's token or of an API key.
-- Of an API key inside an organization, its id.
create or replace function app.subject() returns text stable parallel safe language sql
  return nullif(current_setting('app.subject', true), '');

-- The organizations of a person who has chosen none.
create or replace function app.org_ids() returns uuid[] stable parallel safe language sql
  return string_to_array(nullif(current_setting('app.org_ids', true), ''), ',')::uuid[];

-- The organization of this transaction if the caller's role in it is one of roles, else null: the equality of every policy.
create or replace function app.org_as(variadic roles text[]) returns uuid stable parallel safe language sql
  return case when current_setting('app.role', true) = any (roles) then nullif(current_setting('app.org_id', true), '')::uuid end;

-- Which columns the caller sees: those whose vis is not higher.
create or replace function app.clearance() returns integer stable parallel safe language sql
  return case current_setting('app.role', true) when 'OWNER' then 2 when 'ADMIN' then 2 when 'ANALYST' then 1 when 'VIEWER' then 0 end;

grant execute on function app.org_id(), app.user_id(), app.role(), app.subject(), app.org_ids(), app.org_as(text[]), app.clearance()
  to insightforge_auth, insightforge_user, insightforge_api, insightforge_key;
grant execute on function app.org_id() to insightforge_sealer;

do $$
begin
  if to_regprocedure('app.expand(anyarray)') is not null then
    grant execute on function app.expand(anyarray) to insightforge_api, insightforge_key;
  end if;
end
$$;
