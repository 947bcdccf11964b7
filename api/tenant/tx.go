package tenant

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Tx is a transaction of several statements for one caller. It has no way to change the caller.
type Tx struct{ conn *pgxpool.Conn }

// Tx runs work in one transaction: committed when work returns nil, rolled back otherwise.
func (db *DB) Tx(ctx context.Context, caller Caller, work func(*Tx) error) (err error) {
	tx, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer tx.release(&err)
	if err := tx.begin(ctx, caller); err != nil {
		return err
	}
	if err := work(tx); err != nil {
		return err
	}
	_, err = tx.conn.Exec(ctx, "commit")
	return err
}

func (tx *Tx) begin(ctx context.Context, caller Caller) (err error) {
	batch := &pgx.Batch{}
	batch.Queue("begin")
	batch.Queue(caller.begin, caller.args...)
	results := tx.conn.SendBatch(ctx, batch)
	defer closeBatch(results, &err)
	return readBegin(results)
}

// TxRows runs one statement inside tx and returns its rows as structs by column name; never nil.
func TxRows[T any](ctx context.Context, tx *Tx, sql string, args ...any) ([]T, error) {
	rows, _ := tx.conn.Query(ctx, sql, args...)
	return pgx.AppendRows([]T{}, rows, pgx.RowToStructByName[T])
}

// TxRow is [TxRows] for exactly one row. None: pgx.ErrNoRows.
func TxRow[T any](ctx context.Context, tx *Tx, sql string, args ...any) (T, error) {
	rows, _ := tx.conn.Query(ctx, sql, args...)
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[T])
}

// Exec runs one statement inside tx. An empty args list still uses the extended protocol: one statement a message.
func (tx *Tx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	rows, err := tx.conn.Query(ctx, sql, args...)
	if err != nil {
		return 0, err
	}
	rows.Close()
	return rows.CommandTag().RowsAffected(), rows.Err()
}

func (db *DB) acquire(ctx context.Context) (*Tx, error) {
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	return &Tx{conn}, nil
}

// release gives the connection back outside any transaction. One that cannot be rolled back is closed by the pool.
func (tx *Tx) release(err *error) {
	defer tx.conn.Release()
	conn := tx.conn.Conn()
	if *err == nil && conn.PgConn().TxStatus() != 'I' {
		*err = errors.New("transaction left open") // commit was answered by something else
	}
	if conn.IsClosed() || conn.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), rollbackTimeout)
	defer cancel()
	_, _ = tx.conn.Exec(ctx, "rollback") // if it fails the status is not idle and the pool closes the connection
}

// rollbackTimeout bounds the rollback of a transaction whose own context has ended.
const rollbackTimeout = 5 * time.Second
