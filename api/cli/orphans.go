package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// orphans are rows of stored data that nothing leads to, and versions whose data is missing. A version is published in one
// transaction, so a crash leaves none: if there are any, somebody has changed the tables by hand, or there is a fault here.
type orphans struct{ Segments, Columns, Dictionaries, Missing int64 }

const countOrphans = `
select
  (select count(*) from (select org_id, id from app.dataset_segments except select org_id, unnest(segment_ids) from app.dataset_versions) s) as segments,
  (select count(*) from (select org_id, segment_id, column_no from app.dataset_chunks
    except select v.org_id, unnest(v.segment_ids), c.column_no
    from app.dataset_versions v join app.dataset_columns c on c.org_id = v.org_id and c.dataset_id = v.dataset_id and c.version = v.number) c) as columns,
  (select count(*) from (select org_id, dataset_id, column_no from app.dataset_words except select org_id, dataset_id, column_no from app.dataset_columns) w) as dictionaries,
  (select count(*) from (select org_id, unnest(segment_ids) from app.dataset_versions where deleted_at is null except select org_id, id from app.dataset_segments) m) as missing`

// orphansTime bounds the search: it reads an index of every chunk.
const orphansTime = 20 * time.Second

var errNotAdministrator = errors.New("only a superuser, or who has BYPASSRLS, sees the rows of all organizations")

func findOrphans(ctx context.Context, conn *pgx.Conn) (o orphans, err error) {
	ctx, cancel := context.WithTimeout(ctx, orphansTime)
	defer cancel()
	var sees bool
	if err := conn.QueryRow(ctx, "select rolsuper or rolbypassrls from pg_roles where rolname = current_user").Scan(&sees); err != nil {
		return o, err
	}
	if !sees {
		return o, errNotAdministrator
	}
	rows, err := conn.Query(ctx, countOrphans)
	if err != nil {
		return o, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[orphans])
}

// reportOrphans says what there is to say; it removes nothing.
func reportOrphans(ctx context.Context, conn *pgx.Conn) {
	o, err := findOrphans(ctx, conn)
	switch {
	case ctx.Err() != nil: // it was not waited for
	case err != nil:
		say("Not looked for data that no version of a dataset names: %v", err)
	case o != orphans{}:
		say("Warning: %s", o)
	}
}

func (o orphans) String() string {
	return fmt.Sprintf("of datasets there are %d segments, %d columns of segments and %d dictionaries that no version names, and %d segments are missing that a version names; nothing was changed",
		o.Segments, o.Columns, o.Dictionaries, o.Missing)
}

// reportOrphans looks in the private PostgreSQL. With DATABASE_URL the server is nobody who could: migrate looks then.
func (db *database) reportOrphans(ctx context.Context) {
	if db.private == nil {
		return
	}
	conn, err := connectOnce(ctx, db.private.URL("postgres", databaseName))
	if err != nil {
		return // what is wrong with the database shows elsewhere
	}
	defer conn.Close(context.WithoutCancel(ctx))
	reportOrphans(ctx, conn)
}
