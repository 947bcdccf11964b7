package purge

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// source is a table, and the column that names the organization of a row.
type source struct {
	OID        uint32
	Name       string // quoted
	Key        string
	References []uint32 // tables that its foreign keys lead to
}

// From the catalog, so that a table that is made later is not forgotten.
const selectTables = `
select c.oid, format('%I.%I', n.nspname, c.relname) as name, 'org_id' as key,
  array(select k.confrelid from pg_constraint k where k.conrelid = c.oid and k.contype = 'f' and k.confrelid <> c.oid) as references
from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
where n.nspname = 'app' and c.relkind in ('r', 'p') and not c.relispartition and a.attname = 'org_id' and not a.attisdropped
order by c.relname`

// ordered are the tables of organizations, each before those that its foreign keys lead to: what is removed is then counted where it
// is, and not taken along by a cascade.
func ordered(ctx context.Context, tx pgx.Tx) (tables []source, err error) {
	rows, _ := tx.Query(ctx, selectTables)
	left, err := pgx.CollectRows(rows, pgx.RowToStructByName[source])
	for err == nil && len(left) > 0 {
		i := slices.IndexFunc(left, func(t source) bool {
			return !slices.ContainsFunc(left, func(other source) bool { return slices.Contains(other.References, t.OID) })
		})
		if i < 0 {
			return nil, fmt.Errorf("foreign keys lead in a circle among %s and others", left[0].Name)
		}
		tables = append(tables, left[i])
		left = slices.Delete(left, i, i+1)
	}
	return tables, err
}
