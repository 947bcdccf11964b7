package tenant

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// load puts n datasets of 200 letters through a Loader, each after change, and closes it.
func load(ctx context.Context, db *DB, n int, change func(i int, params [][]byte)) error {
	return db.Tx(ctx, owner(1), func(tx *Tx) error {
		if _, err := tx.Exec(ctx, "select 1"); err != nil {
			return err
		}
		loader, err := tx.Load(ctx, insertDataset)
		if err != nil {
			return err
		}
		err = fill(loader, n, change)
		if closed := loader.Close(); err == nil {
			err = closed
		}
		return err
	})
}

func fill(loader *Loader, n int, change func(int, [][]byte)) error {
	name := []byte(strings.Repeat("n", 200))
	for i := range n {
		organization, id, by := org(1), uuid.New(), person(1)
		params := [][]byte{organization[:], id[:], name, by[:]}
		change(i, params)
		if err := loader.Row(params...); err != nil {
			return err
		}
	}
	return nil
}

// some is more than two flushes and no whole number of them.
const some = 2*flushBytes/248 + 100

func TestALoaderLoadsEveryRow(t *testing.T) {
	t.Parallel()
	database := postgrestest.Database(t)
	db, admin := open(t, database, Options{}), connect(t, database)
	before := count(t, admin, "select count(*) from app.datasets")
	for _, n := range []int{0, 1, some} {
		require.NoError(t, load(t.Context(), db, n, func(int, [][]byte) {}))
	}
	require.Equal(t, before+1+some, count(t, admin, "select count(*) from app.datasets"))
	require.Equal(t, 1+some, count(t, admin, "select count(*) from app.datasets where name = repeat('n', 200) and org_id = $1 and created_by = $2", org(1), person(1)))
	requireClean(t, db)
}

func TestALoaderReportsAnErrorAndIsClosed(t *testing.T) {
	t.Parallel()
	database := postgrestest.Database(t)
	db, admin := open(t, database, Options{}), connect(t, database)
	before := count(t, admin, "select count(*) from app.datasets")
	other := org(2)
	for name, wrong := range map[string]struct {
		at     int
		code   string
		change func([][]byte)
	}{
		"in the first batch":              {10, "42501", func(p [][]byte) { p[0] = other[:] }},
		"in the middle":                   {some / 2, "23502", func(p [][]byte) { p[2] = nil }},
		"in the last row":                 {some - 1, "42501", func(p [][]byte) { p[0] = other[:] }},
		"a value that is not of its type": {some / 2, "08P01", func(p [][]byte) { p[1] = []byte("short") }},
	} {
		err := load(t.Context(), db, some, func(i int, params [][]byte) {
			if i == wrong.at {
				wrong.change(params)
			}
		})
		requireCode(t, wrong.code, err)
		requireClean(t, db)
		require.Equal(t, before, count(t, admin, "select count(*) from app.datasets"), name)
	}
}

func TestALoaderEndsWithItsContext(t *testing.T) {
	t.Parallel()
	database := postgrestest.Database(t)
	db, admin := open(t, database, Options{}), connect(t, database)
	before := count(t, admin, "select count(*) from app.datasets")
	ctx, cancel := context.WithCancel(t.Context())
	err := load(ctx, db, some, func(i int, _ [][]byte) {
		if i == some/2 {
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	requireClean(t, db)
	require.Equal(t, before, count(t, admin, "select count(*) from app.datasets"))
}

func TestALoaderOfAStatementThatCannotBePlannedSaysSo(t *testing.T) {
	t.Parallel()
	db := open(t, postgrestest.Database(t), Options{})
	err := db.Tx(t.Context(), owner(1), func(tx *Tx) error {
		if _, err := tx.Exec(t.Context(), "select 1"); err != nil {
			return err
		}
		loader, err := tx.Load(t.Context(), "insert into app.nothing values ($1)")
		if err != nil {
			return err
		}
		if err := loader.Row([]byte{1}); err != nil {
			return err
		}
		return loader.Close()
	})
	require.ErrorContains(t, err, "42P01")
	requireClean(t, db)
}
