-- finds: sequence public.seen
create sequence public.seen;
grant usage on sequence public.seen to insightforge_api
