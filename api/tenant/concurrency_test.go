package tenant

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

var errInjected = errors.New("injected")

// TestManyTenantsOnFewConnections: 16 goroutines, 8 organizations, 4 connections, 3,200 transactions of which some fail
// in each of the ways there are. Nobody ever reads another organization's row, though no statement names one.
func TestManyTenantsOnFewConnections(t *testing.T) {
	t.Parallel()
	db := open(t, postgrestest.Database(t), Options{MaxConns: 4})
	var read, foreign atomic.Int64
	var failures sync.Map
	var all sync.WaitGroup
	for g := range 16 {
		all.Go(func() {
			n := g%organizations + 1
			look := func(rows []dataset) {
				for _, row := range rows {
					read.Add(1)
					if row.Name != fmt.Sprint("org ", n) {
						foreign.Add(1)
					}
				}
			}
			for i := range 200 {
				if err := attempt(t.Context(), db, n, i, look); err != nil && !expected(err) {
					failures.Store(err.Error(), true)
				}
			}
		})
	}
	all.Wait()
	failures.Range(func(failure, _ any) bool {
		require.Fail(t, "unexpected", "%s", failure)
		return true
	})
	require.Zero(t, foreign.Load())
	require.Greater(t, read.Load(), int64(3*16*200/2))
	requireClean(t, db)
}

// attempt is the i-th transaction for the OWNER of organization n.
func attempt(ctx context.Context, db *DB, n, i int, look func([]dataset)) error {
	switch i % 10 {
	case 0:
		_, err := Exec(ctx, db, owner(n), "select 1/$1::int", 0)
		return err
	case 1:
		rows, err := Rows[dataset](ctx, db, Member(person(n), org(n%organizations+1)), selectDatasets)
		look(rows)
		return err
	case 2:
		ctx, cancel := context.WithTimeout(ctx, time.Duration(i)*20*time.Microsecond) // from before the begin to after the commit
		defer cancel()
		rows, err := Rows[dataset](ctx, db, owner(n), selectDatasets)
		look(rows)
		return err
	case 3:
		return db.Tx(ctx, owner(n), func(tx *Tx) error {
			if _, err := tx.Exec(ctx, insertDataset, org(n), uuid.New(), "half", person(n)); err != nil {
				return err
			}
			return errInjected
		})
	case 4:
		_, err := Exec(ctx, db, owner(n), insertDataset, org(n%organizations+1), uuid.New(), "stolen", person(n))
		return err
	case 5:
		return db.Tx(ctx, owner(n), func(tx *Tx) error {
			rows, err := TxRows[dataset](ctx, tx, selectDatasets)
			if err != nil {
				return err
			}
			look(rows)
			rows, err = TxRows[dataset](ctx, tx.Last(), selectDatasets+" where name <> $1", "x")
			look(rows)
			return err
		})
	default:
		rows, err := Rows[dataset](ctx, db, owner(n), selectDatasets)
		look(rows)
		return err
	}
}

// expected are the errors that attempt provokes.
func expected(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "22012" || pg.Code == "P0002" || pg.Code == "42501" || pg.Code == "57014"
	}
	return errors.Is(err, errInjected) || errors.Is(err, context.DeadlineExceeded)
}
