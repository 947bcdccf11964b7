-- A publication of tenants' rows
-- level: warning
--
-- Logical replication sends the rows of all organizations, whatever the policies say, to whoever may subscribe. Where that is
-- meant, for a warehouse or an upgrade, accept the finding.

select array['publication ' || quote_ident(p.pubname)], format('the publication %I sends %s', p.pubname, string_agg(t.schemaname || '.' || t.tablename, ', ' order by t.tablename)), format('drop publication %I', p.pubname)
from pg_publication p cross join lateral (select * from pg_publication_tables t where t.pubname = p.pubname) t
where t.schemaname = 'app'
group by p.pubname
