package tenant

import (
	"context"

	"github.com/jackc/pgx/v5/pgconn"
)

// flushBytes is how much a [Loader] gathers before it sends: more gains nothing.
const flushBytes = 1 << 20

// Loader pipelines many executions of one prepared statement inside a transaction: COPY is refused on tables with
// row-level security. Parameters are in PostgreSQL's binary format; nil is null.
//
// A full batch is sent while the next is gathered, so at most two batches are in memory.
type Loader struct {
	ctx   context.Context
	conn  *pgconn.PgConn
	batch *pgconn.Batch
	size  int
	sent  chan error // one value for each batch under way
}

// unnamed is PostgreSQL's prepared statement without a name, which lasts until another statement is sent. One with a
// name would outlive the transaction, and behind pgbouncer be missing, or in the way, on another of its connections.
const unnamed = ""

// Load prepares sql for a [Loader]. A statement must have run in the transaction before, and none may until the Loader
// is closed.
func (tx *Tx) Load(ctx context.Context, sql string) (*Loader, error) {
	conn := tx.conn.Conn().PgConn()
	if _, err := conn.Prepare(ctx, unnamed, sql, nil); err != nil {
		return nil, err
	}
	l := &Loader{ctx: ctx, conn: conn, batch: &pgconn.Batch{}, sent: make(chan error, 1)}
	l.sent <- nil
	return l, nil
}

// binary says that every parameter is in the binary format.
var binary = []int16{1}

// Row adds one execution. It keeps no reference to params.
func (l *Loader) Row(params ...[]byte) error {
	l.batch.ExecPrepared(unnamed, params, binary, nil)
	for _, p := range params {
		l.size += len(p)
	}
	if l.size < flushBytes {
		return nil
	}
	return l.flush()
}

// flush waits for the batch under way and sends the gathered one in the background.
func (l *Loader) flush() error {
	if err := <-l.sent; err != nil {
		l.sent <- err
		return err
	}
	batch := l.batch
	l.batch, l.size = &pgconn.Batch{}, 0
	go func() {
		_, err := l.conn.ExecBatch(l.ctx, batch).ReadAll()
		l.sent <- err
	}()
	return nil
}

// Close sends what is left and waits. It must be called, after an error too.
func (l *Loader) Close() error {
	err := l.flush()
	if last := <-l.sent; err == nil {
		err = last
	}
	return err
}
