-- A LEAKPROOF function
-- level: error
-- start: refused
-- covers: pgrls SEC017
--
-- PostgreSQL runs a leakproof function before the policy, on rows that the policy hides: with an error message or a side
-- effect it tells them. Only a superuser can say so of a function, and nobody here needs it.

select array[f.object], format('%s is LEAKPROOF', f.object), format('alter %s %s not leakproof', f.kind, f.name)
from functions f where f.proleakproof
