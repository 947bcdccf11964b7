// Package purge removes organizations for good that were deleted more than 30 days ago, with every row that is theirs. It is for an
// administrator: no caller of the API reaches it.
package purge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Options of [Run]; the zero value purges all that are due.
type Options struct {
	Organization *uuid.UUID // only this one, which must be due
	DryRun       bool       // count the rows and leave them
}

// ErrNotAllowed: row-level security binds the user, who would remove nothing, or only a part.
var ErrNotAllowed = errors.New("a purge needs a superuser or a user with BYPASSRLS who may delete in every table, as a backup does; row-level security binds this one")

const selectBypasses = `
select rolsuper or rolbypassrls from pg_roles where rolname = current_user`

// Run purges, each organization in a transaction of its own. When one fails, the report has those before it.
func Run(ctx context.Context, conn *pgx.Conn, o Options) (*Report, error) {
	r := &Report{DryRun: o.DryRun, Organizations: []Organization{}}
	var bypasses bool
	if err := conn.QueryRow(ctx, selectBypasses).Scan(&bypasses); err != nil || !bypasses {
		return r, errors.Join(err, ErrNotAllowed)
	}
	due, err := due(ctx, conn, o.Organization)
	if err != nil {
		return r, err
	}
	for _, org := range due {
		purged, err := one(ctx, conn, org, o.DryRun)
		if err != nil {
			return r, fmt.Errorf("organization %s: %w; nothing of it was removed", org, err)
		}
		r.Organizations = append(r.Organizations, purged...)
	}
	return r, nil
}

const selectDue = `
select id from app.organizations where deleted_at <= now() - interval '30 days' and ($1::uuid is null or id = $1) order by deleted_at, id`

// due are the organizations that may be purged.
func due(ctx context.Context, conn *pgx.Conn, only *uuid.UUID) ([]uuid.UUID, error) {
	rows, _ := conn.Query(ctx, selectDue, only)
	due, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err == nil && only != nil && len(due) == 0 {
		err = notDue(ctx, conn, *only)
	}
	return due, err
}

const selectPurgeAfter = `
select deleted_at + interval '30 days' from app.organizations where id = $1`

func notDue(ctx context.Context, conn *pgx.Conn, id uuid.UUID) error {
	var after *time.Time
	switch err := conn.QueryRow(ctx, selectPurgeAfter, id).Scan(&after); {
	case errors.Is(err, pgx.ErrNoRows):
		return fmt.Errorf("there is no organization %s", id)
	case err != nil:
		return err
	case after == nil:
		return fmt.Errorf("organization %s is not deleted", id)
	default:
		return fmt.Errorf("organization %s can be restored until %s: it is not purged before", id, after.UTC().Format(time.RFC3339))
	}
}

// A restoration that was first has changed the row when the lock is there: it is not due any more, and left alone. One that comes
// later waits, and finds nothing.
const lockDue = `
select id, name, slug, deleted_at from app.organizations where id = $1 and deleted_at <= now() - interval '30 days' for update`

// With row_security off a statement that a policy would restrict fails, rather than leave rows.
const settings = `set local row_security = off; set local lock_timeout = '10s'`

// one purges an organization; none, if it was restored or purged meanwhile.
func one(ctx context.Context, conn *pgx.Conn, id uuid.UUID, dryRun bool) (purged []Organization, err error) {
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, settings); err != nil {
			return err
		}
		locked, _ := tx.Query(ctx, lockDue, id)
		if purged, err = pgx.CollectRows(locked, pgx.RowToStructByNameLax[Organization]); err != nil || len(purged) == 0 {
			return err
		}
		purged[0].Tables, err = remove(ctx, tx, id, dryRun)
		return err
	})
	return purged, err
}

// remove empties the tables of an organization, and at last its own row.
func remove(ctx context.Context, tx pgx.Tx, id uuid.UUID, dryRun bool) (removed []Table, err error) {
	tables, err := ordered(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, of := range append(tables, source{Name: "app.organizations", Key: "id"}) {
		from := " from " + of.Name + " where " + of.Key + " = $1"
		t := Table{Name: of.Name}
		if dryRun {
			err = tx.QueryRow(ctx, "select count(*)"+from, id).Scan(&t.Rows)
		} else {
			tag, failed := tx.Exec(ctx, "delete"+from, id)
			t.Rows, err = tag.RowsAffected(), failed
		}
		if err != nil {
			return nil, err
		}
		removed = append(removed, t)
	}
	return removed, nil
}
