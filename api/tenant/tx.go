package tenant

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Tx is a transaction of several statements for one caller. It has no way to change the caller. BEGIN and the begin
// call travel with its first statement.
type Tx struct {
	conn   *pgxpool.Conn
	begin  string
	caller Caller
	begun  bool
	last   bool     // the next statement carries COMMIT
	first  []string // settings that the next statement carries
}

// Tx runs work in one transaction: committed when work returns nil, rolled back otherwise.
func (db *DB) Tx(ctx context.Context, caller Caller, work func(*Tx) error) error {
	return db.transact(ctx, "begin", caller, work)
}

// Snapshot is [DB.Tx] in which all statements see the database as it was at the first: for what reads a catalog and
// then the data that it names.
func (db *DB) Snapshot(ctx context.Context, caller Caller, work func(*Tx) error) error {
	return db.transact(ctx, "begin isolation level repeatable read", caller, work)
}

func (db *DB) transact(ctx context.Context, begin string, caller Caller, work func(*Tx) error) (err error) {
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	tx := &Tx{conn: conn, begin: begin, caller: caller}
	defer tx.release(&err)
	if err := work(tx); err != nil {
		return err
	}
	if !tx.begun || tx.last {
		return nil
	}
	tag, err := tx.conn.Exec(ctx, "commit")
	if err == nil && tag.String() != "COMMIT" { // work has swallowed an error
		err = pgx.ErrTxCommitRollback
	}
	return err
}

// Last says that the next statement is the last one: COMMIT travels with it.
func (tx *Tx) Last() *Tx {
	tx.last = true
	return tx
}

// Planned says that the next statements are planned for their values: what one plan for all values cannot serve, because an
// argument decides which index is of use.
func (tx *Tx) Planned() *Tx {
	tx.first = []string{"set local plan_cache_mode = force_custom_plan"}
	return tx
}

// TxRows runs one statement inside tx and returns its rows as structs by column name; never nil.
func TxRows[T any](ctx context.Context, tx *Tx, sql string, args ...any) ([]T, error) {
	return send(ctx, tx, nil, sql, args, collect[T])
}

// TxRow is [TxRows] for exactly one row. None: pgx.ErrNoRows.
func TxRow[T any](ctx context.Context, tx *Tx, sql string, args ...any) (T, error) {
	return send(ctx, tx, nil, sql, args, collectOne[T])
}

// exporting are the settings of what is read to be kept: times are written in UTC.
var exporting = []string{"set local timezone = 'UTC'"}

// TxEach is [TxRows] for any number of rows: do has each as it arrives, and no more of them are in memory. Where do fails, the
// connection is given up: the rest of the rows is not waited for.
func TxEach[T any](ctx context.Context, tx *Tx, do func(T) error, sql string, args ...any) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	_, err := send(ctx, tx, exporting, sql, args, func(rows pgx.Rows) (none struct{}, err error) {
		for err == nil && rows.Next() {
			var row T
			if row, err = pgx.RowToStructByName[T](rows); err == nil {
				err = do(row)
			}
		}
		if err != nil {
			cancel()
			return none, err
		}
		return none, rows.Err()
	})
	return err
}

// Exec runs one statement inside tx and returns how many rows it touched.
func (tx *Tx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	return send(ctx, tx, nil, sql, args, affected)
}

// analytical are the settings of a query over a dataset, for the rest of the transaction: compiling to machine code and
// parallel workers cost more than they gain on arrays, groups are hashed rather than sorted (the planner takes too few
// rows for what comes out of an array), and a long query must not last.
var analytical = []string{
	"set local jit = off", "set local max_parallel_workers_per_gather = 0", "set local enable_sort = off",
	"set local plan_cache_mode = force_custom_plan",
	"set local work_mem = '64MB'", "set local statement_timeout = '25s'",
}

// Analyze runs one analytical query inside tx and returns its single column. Too long: SQLSTATE 57014.
func (tx *Tx) Analyze(ctx context.Context, sql string, args ...any) ([][]byte, error) {
	return send(ctx, tx, analytical, sql, args, func(rows pgx.Rows) ([][]byte, error) {
		return pgx.CollectRows(rows, pgx.RowTo[[]byte])
	})
}

// send is one flush: what is left of the beginning, the settings, the statement, and COMMIT if it is the last.
func send[R any](ctx context.Context, tx *Tx, settings []string, sql string, args []any, read func(pgx.Rows) (R, error)) (result R, err error) {
	batch := &pgx.Batch{}
	begin := !tx.begun
	if begin {
		batch.Queue(tx.begin)
		batch.Queue(tx.caller.begin, tx.caller.args...)
		tx.begun = true
	}
	settings = append(tx.first, settings...)
	tx.first = nil
	for _, setting := range settings {
		batch.Queue(setting)
	}
	batch.Queue(tx.caller.text(sql), args...)
	if tx.last {
		batch.Queue("commit")
	}
	results := tx.conn.SendBatch(ctx, batch)
	defer closeBatch(results, &err)
	if begin {
		if err := readBegin(results); err != nil {
			return result, err
		}
	}
	for range settings {
		if _, err := results.Exec(); err != nil {
			return result, err
		}
	}
	rows, _ := results.Query() // its error is the rows' error
	result, err = read(rows)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "42501" {
		err = &RefusedError{tx.caller, sql, err}
	}
	return result, err
}

func readBegin(results pgx.BatchResults) error {
	if _, err := results.Exec(); err != nil {
		return err
	}
	if _, err := results.Exec(); err != nil {
		return &BeginError{err}
	}
	return nil
}

// closeBatch reads what is left of a pipeline, COMMIT's answer included. It repeats an error that was read already.
func closeBatch(results pgx.BatchResults, err *error) {
	if closeErr := results.Close(); *err == nil {
		*err = closeErr
	}
}

// release gives the connection back outside any transaction. One that cannot be rolled back is closed by the pool, and one
// whose begin call is refused by privilege here: a role was left set on it, and no later caller could begin either.
func (tx *Tx) release(err *error) {
	defer tx.conn.Release()
	conn := tx.conn.Conn()
	if *err == nil && conn.PgConn().TxStatus() != 'I' {
		*err = errors.New("transaction left open") // commit was answered by something else
	}
	ctx, cancel := context.WithTimeout(context.Background(), rollbackTimeout)
	defer cancel()
	if beginDenied(*err) {
		_ = conn.Close(ctx)
	}
	if conn.IsClosed() || conn.PgConn().TxStatus() == 'I' {
		return
	}
	_, _ = tx.conn.Exec(ctx, "rollback") // if it fails the status is not idle and the pool closes the connection
}

func beginDenied(err error) bool {
	var begin *BeginError
	var pg *pgconn.PgError
	return errors.As(err, &begin) && errors.As(err, &pg) && pg.Code == "42501"
}

// rollbackTimeout bounds the rollback of a transaction whose own context has ended.
const rollbackTimeout = 5 * time.Second
