package tenant

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

func TestRowsAreTheCallersOrganizations(t *testing.T) {
	t.Parallel()
	db := open(t, postgrestest.Database(t), Options{})
	for n := 1; n <= organizations; n++ {
		requireOwnRows(t, db, n)
	}
	none, err := Rows[dataset](t.Context(), db, owner(1), selectDatasets+" where name = 'x'")
	require.NoError(t, err)
	require.NotNil(t, none)
	require.Empty(t, none)
	_, err = Row[dataset](t.Context(), db, owner(1), selectDatasets+" where name = 'x'")
	require.ErrorIs(t, err, pgx.ErrNoRows)
}

// TestASnapshotSeesNothingNew: what others commit after its first statement is not there for its second.
func TestASnapshotSeesNothingNew(t *testing.T) {
	t.Parallel()
	db := open(t, postgrestest.Database(t), Options{MaxConns: 2})
	ctx := t.Context()
	for name, c := range map[string]struct {
		transact func(context.Context, Caller, func(*Tx) error) error
		more     int
	}{"Snapshot": {db.Snapshot, 0}, "Tx": {db.Tx, 1}} {
		require.NoError(t, c.transact(ctx, owner(1), func(tx *Tx) error {
			before, err := TxRows[dataset](ctx, tx, selectDatasets)
			require.NoError(t, err)
			_, err = Exec(ctx, db, owner(1), insertDataset, org(1), uuid.New(), "new", person(1))
			require.NoError(t, err)
			after, err := TxRows[dataset](ctx, tx, selectDatasets)
			require.Len(t, after, len(before)+c.more, name)
			return err
		}), name)
	}
}

// TestAnErrorLeavesNothingBehind, wherever it happens: no transaction, no role, no variable, no row.
func TestAnErrorLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	db := open(t, postgrestest.Database(t), Options{})
	ctx := t.Context()
	id := uuid.New()
	_, err := Exec(ctx, db, owner(1), insertDataset, org(1), id, "x", person(1))
	require.NoError(t, err)
	wanted := errors.New("as wanted")
	two := func(second func(*Tx) error) error {
		return db.Tx(ctx, owner(1), func(tx *Tx) error {
			if _, err := tx.Exec(ctx, insertDataset, org(1), uuid.New(), "half", person(1)); err != nil {
				return err
			}
			return second(tx)
		})
	}
	for name, fails := range map[string]struct {
		code string
		run  func() error
	}{
		"not a member": {"P0002", func() error {
			_, err := Rows[dataset](ctx, db, Member(person(1), org(2)), selectDatasets)
			return err
		}},
		"no such user": {"28000", func() error {
			_, err := Exec(ctx, db, Person(uuid.New()), "delete from app.sessions")
			return err
		}},
		"a key that is taken": {"23505", func() error {
			_, err := Exec(ctx, db, owner(1), insertDataset, org(1), id, "x", person(1))
			return err
		}},
		"a value that is none": {"22P02", func() error {
			_, err := Row[struct{ ID uuid.UUID }](ctx, db, owner(1), "select $1::text::uuid as id", "x")
			return err
		}},
		"a policy": {"42501", func() error {
			_, err := Exec(ctx, db, owner(1), insertDataset, org(2), uuid.New(), "x", person(1))
			return err
		}},
		"a syntax error": {"42601", func() error {
			_, err := Exec(ctx, db, owner(1), "selct")
			return err
		}},
		"the second statement": {"23505", func() error {
			return two(func(tx *Tx) error {
				_, err := tx.Exec(ctx, insertDataset, org(1), id, "x", person(1))
				return err
			})
		}},
		"the second and last statement": {"23505", func() error {
			return two(func(tx *Tx) error {
				_, err := tx.Last().Exec(ctx, insertDataset, org(1), id, "x", person(1))
				return err
			})
		}},
		"the work itself": {"", func() error { return two(func(*Tx) error { return wanted }) }},
	} {
		t.Run(name, func(t *testing.T) {
			err := fails.run()
			if fails.code == "" {
				require.ErrorIs(t, err, wanted)
			} else {
				requireCode(t, fails.code, err)
			}
			requireClean(t, db)
			rows, err := Rows[dataset](ctx, db, owner(1), selectDatasets+" where name = 'half'")
			require.NoError(t, err)
			require.Empty(t, rows)
		})
	}
}

func TestAPanicLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	db := open(t, postgrestest.Database(t), Options{})
	require.PanicsWithValue(t, "as wanted", func() {
		_ = db.Tx(t.Context(), owner(1), func(tx *Tx) error {
			_, err := tx.Exec(t.Context(), insertDataset, org(1), uuid.New(), "half", person(1))
			require.NoError(t, err)
			panic("as wanted")
		})
	})
	requireClean(t, db)
	rows, err := Rows[dataset](t.Context(), db, owner(1), selectDatasets+" where name = 'half'")
	require.NoError(t, err)
	require.Empty(t, rows)
}

// sleeping tells when a backend sleeps; end is then called.
func whenSleeping(t *testing.T, admin *pgx.Conn, end func()) {
	t.Helper()
	require.Eventually(t, func() bool {
		return count(t, admin, "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'") > 0
	}, time.Minute, time.Millisecond)
	end()
}

func TestACancelledRequestLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	database := postgrestest.Database(t)
	db, admin := open(t, database, Options{}), connect(t, database)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, err := Exec(ctx, db, owner(1), "select pg_sleep(600)")
		failed <- err
	}()
	whenSleeping(t, admin, cancel)
	require.ErrorIs(t, <-failed, context.Canceled)
	requireClean(t, db)

	_, err := Exec(ctx, db, owner(1), "select 1")
	require.ErrorIs(t, err, context.Canceled, "cancelled before it began")
	requireClean(t, db)
}

func TestAClosedConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	database := postgrestest.Database(t)
	db, admin := open(t, database, Options{}), connect(t, database)
	failed := make(chan error)
	go func() {
		_, err := Exec(context.Background(), db, owner(1), "select pg_sleep(600)")
		failed <- err
	}()
	whenSleeping(t, admin, func() {
		_, err := admin.Exec(t.Context(), "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = 'insightforge'")
		require.NoError(t, err)
	})
	requireCode(t, "57P01", <-failed)
	requireClean(t, db)
}

func TestABeginErrorIsToldFromAnError(t *testing.T) {
	t.Parallel()
	db := open(t, postgrestest.Database(t), Options{})
	var begin *BeginError
	_, err := Rows[dataset](t.Context(), db, Member(person(1), org(2)), selectDatasets)
	require.ErrorAs(t, err, &begin)
	requireCode(t, "P0002", err)
	_, err = Rows[dataset](t.Context(), db, owner(1), "select 1/0 as name")
	require.Error(t, err)
	require.NotErrorAs(t, err, &begin)
}

// TestARoleLeftOnAConnectionServesNobody: whatever one statement of an earlier caller left set, the next caller's begin is
// refused there or overwrites it, and the caller after that has a sound connection.
func TestARoleLeftOnAConnectionServesNobody(t *testing.T) {
	t.Parallel()
	db := open(t, postgrestest.Database(t), Options{})
	for _, left := range []string{"set role insightforge_api", "set role insightforge_auth", "set row_security = off"} {
		_, err := Exec(t.Context(), db, owner(1), left)
		require.NoError(t, err)
		_, err = Rows[dataset](t.Context(), db, owner(2), selectDatasets)
		var begin *BeginError
		require.ErrorAs(t, err, &begin, left)
		requireCode(t, "42501", err)
		requireOwnRows(t, db, 2)
	}
	for _, left := range []string{"set app.org_id = '" + org(1).String() + "'", "set app.role = 'OWNER'", "set app.user_id = '" + person(1).String() + "'",
		"set search_path = pg_temp, public", "set standard_conforming_strings = off", "set session authorization insightforge", "reset all"} {
		_, err := Exec(t.Context(), db, owner(1), left)
		require.NoError(t, err)
		requireOwnRows(t, db, 2)
	}
}

// requireOwnRows: the OWNER of organization n reads its three datasets and nothing else.
func requireOwnRows(t *testing.T, db *DB, n int) {
	t.Helper()
	name := dataset{fmt.Sprint("org ", n)}
	rows, err := Rows[dataset](t.Context(), db, owner(n), selectDatasets)
	require.NoError(t, err)
	require.Equal(t, []dataset{name, name, name}, rows)
}

func TestAnAnalyticalQueryIsBounded(t *testing.T) {
	t.Parallel()
	db := open(t, postgrestest.Database(t), Options{})
	const settings = "select convert_to(concat_ws(' ', current_setting('statement_timeout'), current_setting('max_parallel_workers_per_gather'), current_setting('work_mem')), 'UTF8')"
	require.NoError(t, db.Tx(t.Context(), owner(1), func(tx *Tx) error {
		rows, err := tx.Last().Analyze(t.Context(), settings)
		require.Equal(t, [][]byte{[]byte("25s 0 64MB")}, rows)
		return err
	}))
	left, err := Row[struct{ Timeout string }](t.Context(), db, owner(1), "select current_setting('statement_timeout') as timeout")
	require.NoError(t, err)
	require.Equal(t, "0", left.Timeout, "for that transaction only")
}

// TestAFailedCommitIsReported: what COMMIT itself refuses, and what it silently turns into ROLLBACK.
func TestAFailedCommitIsReported(t *testing.T) {
	t.Parallel()
	database := postgrestest.Database(t)
	db, admin := open(t, database, Options{}), connect(t, database)
	_, err := admin.Exec(t.Context(), "alter table app.analyses alter constraint analyses_org_id_dataset_id_fkey deferrable initially deferred")
	require.NoError(t, err)
	const orphan = "insert into app.analyses (org_id, id, dataset_id, name, query, created_by) values ($1, $2, $2, 'x', '{}', $3)"

	_, err = Exec(t.Context(), db, owner(1), orphan, org(1), uuid.New(), person(1))
	requireCode(t, "23503", err)
	err = db.Tx(t.Context(), owner(1), func(tx *Tx) error {
		_, err := tx.Exec(t.Context(), orphan, org(1), uuid.New(), person(1))
		require.NoError(t, err)
		return nil
	})
	requireCode(t, "23503", err)
	requireClean(t, db)

	for _, last := range []bool{false, true} {
		err = db.Tx(t.Context(), owner(1), func(tx *Tx) error {
			_, err := tx.Exec(t.Context(), insertDataset, org(1), uuid.New(), "half", person(1))
			require.NoError(t, err)
			if last {
				tx.Last()
			}
			_, err = tx.Exec(t.Context(), "select 1/0")
			require.Error(t, err)
			return nil // although it failed
		})
		require.Error(t, err, "nothing was committed")
		requireClean(t, db)
		require.Zero(t, count(t, admin, "select count(*) from app.datasets where name = 'half'"))
	}
}

func TestSimpleProtocolIsRefused(t *testing.T) {
	t.Parallel()
	url := postgrestest.Database(t).URL("insightforge")
	for _, mode := range []string{"simple_protocol", "exec"} { // exec cannot read a record
		_, err := Open(t.Context(), url+"&default_query_exec_mode="+mode, Options{})
		require.ErrorContains(t, err, mode)
	}
	for _, mode := range []string{"cache_statement", "cache_describe", "describe_exec"} {
		db, err := Open(t.Context(), url+"&default_query_exec_mode="+mode, Options{MaxConns: 1})
		require.NoError(t, err, mode)
		_, err = Exec(t.Context(), db, owner(1), "select 1; select 2")
		requireCode(t, "42601", err)
		rows, err := Rows[dataset](t.Context(), db, owner(1), selectDatasets+" where org_id = $1", org(1))
		require.NoError(t, err, mode)
		require.Len(t, rows, 3, mode)
		db.Close()
	}
}

func TestALoginRoleWithAnotherRoleSetIsRefused(t *testing.T) {
	t.Parallel()
	database := postgrestest.Database(t)
	admin := connect(t, database)
	_, err := admin.Exec(t.Context(), `drop role if exists moved; create role moved login; grant insightforge_api to moved; alter role moved set role insightforge_api`)
	require.NoError(t, err)
	_, err = Open(t.Context(), database.URL("moved"), Options{})
	require.ErrorContains(t, err, "another role set")
}

func TestARefusedStatementIsKnownWithItsCaller(t *testing.T) {
	t.Parallel()
	db := open(t, postgrestest.Database(t), Options{})
	_, err := Exec(t.Context(), db, owner(1), insertDataset, org(2), uuid.New(), "x", person(1))
	requireCode(t, "42501", err)
	var refused *RefusedError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, insertDataset, refused.SQL)
	require.Equal(t, owner(1), refused.Caller)
	require.True(t, refused.Caller.IsMember())
	require.False(t, Person(person(1)).IsMember())

	_, err = Exec(t.Context(), db, owner(1), "select 1 / 0")
	requireCode(t, "22012", err)
	require.False(t, errors.As(err, &refused))
	requireClean(t, db)
}

// TestMembersAndKeysHavePlansOfTheirOwn: else a connection that serves them in turn plans each statement anew.
func TestMembersAndKeysHavePlansOfTheirOwn(t *testing.T) {
	t.Parallel()
	db := open(t, postgrestest.Database(t), Options{})
	for range 2 {
		for _, caller := range []Caller{owner(1), key(1)} {
			rows, err := Rows[dataset](t.Context(), db, caller, selectDatasets)
			require.NoError(t, err)
			require.Len(t, rows, 3)
		}
	}
	prepared, err := Row[struct{ Count int }](t.Context(), db, owner(1), "select count(*) from pg_prepared_statements where statement like '"+selectDatasets+"%'")
	require.NoError(t, err)
	require.Equal(t, 2, prepared.Count)
}
