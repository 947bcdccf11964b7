// Package tenant is the only way to the database. Every transaction begins with one call that sets its database role
// and the session variables that the row-level-security policies compare with; without it nothing is permitted.
//
// A common request is one network flush: BEGIN, the begin call, one statement and COMMIT, pipelined as prepared
// statements. Only the words commit and rollback, when they go alone, are sent in the simple protocol, which accepts
// stacked statements.
package tenant

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// DB is a pool of connections of the login role.
type DB struct{ pool *pgxpool.Pool }

// Options of [Open]; the zero value is right for a server.
type Options struct {
	MaxConns int32 // 0: pgx's default, the larger of 4 and the number of CPUs
}

// Open connects as the login role that url names. It refuses a connection on which another role is already set, and
// settings that cannot work: see configure and try.
func Open(ctx context.Context, url string, opt Options) (*DB, error) {
	cfg, err := configure(url, opt)
	if err != nil {
		return nil, err
	}
	return openPool(ctx, cfg)
}

func configure(url string, opt Options) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	switch cfg.ConnConfig.DefaultQueryExecMode {
	case pgx.QueryExecModeSimpleProtocol:
		return nil, errors.New("DATABASE_URL: default_query_exec_mode=simple_protocol accepts stacked statements; use cache_describe behind a pooler")
	case pgx.QueryExecModeExec:
		return nil, errors.New("DATABASE_URL: default_query_exec_mode=exec cannot read every result; use cache_describe behind a pooler")
	}
	if opt.MaxConns > 0 {
		cfg.MaxConns = opt.MaxConns
	}
	cfg.ConnConfig.RuntimeParams["application_name"] = "insightforge"
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		plainUUIDs(conn)
		return ownRole(ctx, conn)
	}
	return cfg, nil
}

func openPool(ctx context.Context, cfg *pgxpool.Config) (*DB, error) {
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	db := &DB{pool}
	if err := db.try(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// try makes two connections at once. A pooler that serves both from one of its own then shows it, in the default mode:
// the second prepares a statement whose name the first has taken.
func (db *DB) try(ctx context.Context) error {
	for range min(2, db.pool.Config().MaxConns) {
		conn, err := db.pool.Acquire(ctx)
		if err != nil {
			return err
		}
		defer conn.Release()
	}
	return nil
}

// ownRole refuses a session in which somebody has changed the login role's own settings (alter role … set role …).
func ownRole(ctx context.Context, conn *pgx.Conn) error {
	var own bool
	err := conn.QueryRow(ctx, "select current_user = session_user").Scan(&own)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && (pg.Code == "42P05" || pg.Code == "26000") {
		return fmt.Errorf("a pooler gives statements away with its connections: add default_query_exec_mode=cache_describe to DATABASE_URL: %w", err)
	}
	if err == nil && !own {
		err = errors.New("the login role starts with another role set: check pg_db_role_setting")
	}
	return err
}

// Close waits for the connections in use and closes all.
func (db *DB) Close() { db.pool.Close() }

// Ping answers whether the database does.
func (db *DB) Ping(ctx context.Context) error { return db.pool.Ping(ctx) }

// BeginError is an error of a begin call: the caller may not have this transaction. Anything else happened inside it.
type BeginError struct{ Err error }

func (e *BeginError) Error() string { return "begin: " + e.Err.Error() }

// Unwrap gives the database's error.
func (e *BeginError) Unwrap() error { return e.Err }

// RefusedError is a statement that the caller may not run as it is: SQLSTATE 42501, by a policy or for want of a privilege.
type RefusedError struct {
	Caller Caller
	SQL    string
	Err    error
}

func (e *RefusedError) Error() string { return "refused: " + e.Err.Error() }

// Unwrap gives the database's error.
func (e *RefusedError) Unwrap() error { return e.Err }

// Rows runs one statement in a transaction of its own, in one flush, and returns its rows as structs by column name.
// The slice is never nil.
func Rows[T any](ctx context.Context, db *DB, caller Caller, sql string, args ...any) ([]T, error) {
	return single(ctx, db, caller, sql, args, collect[T])
}

// Row is [Rows] for a statement that returns exactly one row. None: pgx.ErrNoRows.
func Row[T any](ctx context.Context, db *DB, caller Caller, sql string, args ...any) (T, error) {
	return single(ctx, db, caller, sql, args, collectOne[T])
}

// Exec is [Rows] for a statement without rows; it returns how many were touched.
func Exec(ctx context.Context, db *DB, caller Caller, sql string, args ...any) (int64, error) {
	return single(ctx, db, caller, sql, args, affected)
}

// single is a transaction of one statement. It is one pipeline with one Sync: after an error nothing that follows runs.
func single[R any](ctx context.Context, db *DB, caller Caller, sql string, args []any, read func(pgx.Rows) (R, error)) (result R, err error) {
	err = db.Tx(ctx, caller, func(tx *Tx) (err error) {
		result, err = send(ctx, tx.Last(), nil, sql, args, read)
		return err
	})
	return result, err
}

func collect[T any](rows pgx.Rows) ([]T, error) {
	return pgx.AppendRows([]T{}, rows, pgx.RowToStructByName[T])
}

func collectOne[T any](rows pgx.Rows) (T, error) {
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[T])
}

func affected(rows pgx.Rows) (int64, error) {
	rows.Close()
	return rows.CommandTag().RowsAffected(), rows.Err()
}
