package tenant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// way is a kind of transaction, which one of so many is, and how it must end unless its connection is lost.
type way struct {
	name  string
	every int
	run   func(*caller, context.Context) error
	ends  func(error) bool
}

// The numbers are primes, so that the ways follow each other in every order. Most are the common request, by a member or with a key.
var ways = []way{
	{"a backend is terminated", 397, (*caller).terminate, well},
	{"a deadline at any moment", 199, (*caller).hurry, wellOr(context.DeadlineExceeded)},
	{"a loader", 97, (*caller).load, well},
	{"cancelled between two statements", 61, (*caller).cancelAfterOne, with(context.Canceled)},
	{"cancelled before commit", 59, (*caller).cancelBeforeCommit, with(context.Canceled)},
	{"a panic in the work", 53, (*caller).panics, with(errPanic)},
	{"an error in the work", 47, (*caller).fails, with(errInjected)},
	{"an error of the database", 43, (*caller).divide, withCode("22012")},
	{"an error in the second statement", 41, (*caller).divideLater, withCode("22012")},
	{"not a member", 37, (*caller).intrude, withCode("P0002")},
	{"a write into another organization", 31, (*caller).steal, withCode("42501")},
	{"an analytical query", 29, (*caller).analyze, well},
	{"a snapshot", 23, (*caller).snapshot, well},
	{"two statements", 19, (*caller).readTwice, well},
	{"a person", 17, (*caller).person, well},
	{"a write", 13, (*caller).write, well},
	{"a write after a read", 11, (*caller).readAndWrite, well},
	{"a key of another organization", 7, (*caller).trespass, withCode("P0002")},
	{"a key", 5, (*caller).key, well},
	{"a read", 1, (*caller).look, well},
}

func well(err error) bool { return err == nil }

func wellOr(target error) func(error) bool {
	return func(err error) bool { return err == nil || errors.Is(err, target) }
}

func with(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func withCode(code string) func(error) bool {
	return func(err error) bool {
		var pg *pgconn.PgError
		return errors.As(err, &pg) && pg.Code == code
	}
}

var (
	errInjected = errors.New("injected")
	errPanic    = errors.New("panic")
)

const insertAnalysis = `insert into app.analyses (org_id, id, dataset_id, name, query, created_by)
	select org_id, $2, id, 'x', '{}', $3 from app.datasets where org_id = $1 limit 1`

func (c *caller) owner() Caller { return owner(c.n) }

// datasets counts the rows of a read; there must be three.
func (c *caller) datasets(rows []dataset, err error) error {
	c.read += len(rows)
	for _, row := range rows {
		if row.Name != fmt.Sprint("org ", c.n) {
			c.foreign++
		}
	}
	if err == nil && len(rows) != 3 {
		err = fmt.Errorf("%d rows", len(rows))
	}
	return err
}

// analysis makes the parameters of insertAnalysis. The row is absent at the end unless [caller.wrote] says otherwise.
func (c *caller) analysis() (id uuid.UUID, args []any) {
	id = uuid.New()
	c.analyses[id] = absent
	return id, []any{org(c.n), id, person(c.n)}
}

// wrote notes how a transaction with this analysis ended whose COMMIT was sent, or may have been.
func (c *caller) wrote(id uuid.UUID, err error) error {
	switch {
	case err == nil:
		c.analyses[id] = present
	case lost(err), errors.Is(err, context.DeadlineExceeded):
		c.analyses[id] = either
	}
	return err
}

func (c *caller) look(ctx context.Context) error {
	return c.datasets(Rows[dataset](ctx, c.db, c.owner(), selectDatasets))
}

func (c *caller) person(ctx context.Context) error {
	return c.datasets(Rows[dataset](ctx, c.db, Person(person(c.n)), "select name from app.organizations, generate_series(1, 3)"))
}

func (c *caller) readTwice(ctx context.Context) error { return c.db.Tx(ctx, c.owner(), c.two(ctx)) }

func (c *caller) snapshot(ctx context.Context) error {
	return c.db.Snapshot(ctx, c.owner(), c.two(ctx))
}

// two reads twice, in different words.
func (c *caller) two(ctx context.Context) func(tx *Tx) error {
	return func(tx *Tx) error {
		if err := c.datasets(TxRows[dataset](ctx, tx, selectDatasets)); err != nil {
			return err
		}
		return c.datasets(TxRows[dataset](ctx, tx.Last(), selectDatasets+" where name <> $1", "x"))
	}
}

func (c *caller) analyze(ctx context.Context) error {
	return c.db.Tx(ctx, c.owner(), func(tx *Tx) error {
		names, err := tx.Last().Analyze(ctx, "select name::bytea from app.datasets")
		var rows []dataset
		for _, name := range names {
			rows = append(rows, dataset{string(name)})
		}
		return c.datasets(rows, err)
	})
}

func (c *caller) write(ctx context.Context) error {
	id, args := c.analysis()
	_, err := Exec(ctx, c.db, c.owner(), insertAnalysis, args...)
	return c.wrote(id, err)
}

func (c *caller) readAndWrite(ctx context.Context) error {
	id, args := c.analysis()
	return c.wrote(id, c.db.Tx(ctx, c.owner(), func(tx *Tx) error {
		if err := c.datasets(TxRows[dataset](ctx, tx, selectDatasets)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, insertAnalysis, args...)
		return err
	}))
}

func (c *caller) load(ctx context.Context) error {
	ids := [3]uuid.UUID{}
	err := c.db.Tx(ctx, c.owner(), func(tx *Tx) error {
		if err := c.datasets(TxRows[dataset](ctx, tx, selectDatasets)); err != nil {
			return err
		}
		loader, err := tx.Load(ctx, insertAnalysis)
		if err != nil {
			return err
		}
		organization, by := org(c.n), person(c.n)
		for i := range ids {
			ids[i], _ = c.analysis()
			_ = loader.Row(organization[:], ids[i][:], by[:]) // its error is Close's
		}
		return loader.Close()
	})
	for _, id := range ids {
		_ = c.wrote(id, err)
	}
	return err
}

func (c *caller) divide(ctx context.Context) error {
	_, err := Exec(ctx, c.db, c.owner(), "select 1/$1::int", 0)
	return err
}

func (c *caller) intrude(ctx context.Context) error {
	rows, err := Rows[dataset](ctx, c.db, Member(person(c.n), org(c.n%organizations+1)), selectDatasets)
	c.foreign += len(rows)
	return err
}

func (c *caller) key(ctx context.Context) error {
	return c.datasets(Rows[dataset](ctx, c.db, key(c.n), selectDatasets))
}

func (c *caller) trespass(ctx context.Context) error {
	rows, err := Rows[dataset](ctx, c.db, Key(fmt.Sprint("hash ", c.n), org(c.n%organizations+1)), selectDatasets)
	c.foreign += len(rows)
	return err
}

func (c *caller) steal(ctx context.Context) error {
	_, err := Exec(ctx, c.db, c.owner(), insertDataset, org(c.n%organizations+1), uuid.New(), "stolen", person(c.n))
	return err
}

// half writes, and then something keeps it from being committed.
func (c *caller) half(ctx context.Context, then func(*Tx) error) error {
	_, args := c.analysis()
	return c.db.Tx(ctx, c.owner(), func(tx *Tx) error {
		if _, err := tx.Exec(ctx, insertAnalysis, args...); err != nil {
			return err
		}
		return then(tx)
	})
}

func (c *caller) fails(ctx context.Context) error {
	return c.half(ctx, func(*Tx) error { return errInjected })
}

func (c *caller) panics(ctx context.Context) (err error) {
	defer func() {
		if recover() != nil {
			err = errPanic
		}
	}()
	return c.half(ctx, func(*Tx) error { panic(errPanic) })
}

func (c *caller) divideLater(ctx context.Context) error {
	return c.half(ctx, func(tx *Tx) error {
		_, err := tx.Last().Exec(ctx, "select 1/$1::int", 0)
		return err
	})
}

func (c *caller) cancelAfterOne(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	return c.half(ctx, func(tx *Tx) error {
		cancel()
		return c.datasets(TxRows[dataset](ctx, tx.Last(), selectDatasets))
	})
}

func (c *caller) cancelBeforeCommit(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	return c.half(ctx, func(*Tx) error {
		cancel()
		return nil
	})
}

// hurry has from nothing to 2 ms, so that its time is up before the begin, at any moment after it, or never.
func (c *caller) hurry(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(c.i%41)*50*time.Microsecond)
	defer cancel()
	return c.readAndWrite(ctx)
}

// terminate ends a backend of the pool, whatever it is doing, and goes on with a read.
func (c *caller) terminate(ctx context.Context) error {
	_, err := c.admin.Exec(ctx, `select pg_terminate_backend(pid) from pg_stat_activity
		where datname = current_database() and usename = 'insightforge' order by random() limit 1`, pgx.QueryExecModeExec)
	if err != nil {
		return err
	}
	return c.look(ctx)
}
