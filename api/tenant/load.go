package tenant

import (
	"context"

	"github.com/jackc/pgx/v5/pgconn"
)

// flushBytes is how much a [Loader] gathers before it sends: larger buffers are made anew each time.
const flushBytes = 64 << 10

// maxUnread is how many flushes may be under way: what the database answers must be read before its buffer is full.
const maxUnread = 8

// Loader pipelines many executions of one prepared statement inside a transaction: COPY is refused on tables with
// row-level security. Parameters are in PostgreSQL's binary format; nil is null.
//
// What is sent waits nowhere but in the socket: Row returns as fast as the database takes it.
type Loader struct {
	pipeline *pgconn.Pipeline
	size     int // of what is gathered
	unread   int // flushes
}

// unnamed is PostgreSQL's prepared statement without a name, which lasts until another statement is sent. One with a
// name would outlive the transaction, and behind pgbouncer be missing, or in the way, on another of its connections.
const unnamed = ""

// Load prepares sql for a [Loader]. A statement must have run in the transaction before, and none may until the Loader
// is closed.
func (tx *Tx) Load(ctx context.Context, sql string) (*Loader, error) {
	l := &Loader{pipeline: tx.conn.Conn().PgConn().StartPipeline(ctx)}
	l.pipeline.SendPrepare(unnamed, sql, nil)
	if err := l.pipeline.Flush(); err != nil { // it is planned while the first row is made
		return nil, err
	}
	return l, nil
}

// binary says that every parameter is in the binary format.
var binary = []int16{1}

// Row adds one execution. It keeps no reference to params.
func (l *Loader) Row(params ...[]byte) error {
	l.pipeline.SendQueryPrepared(unnamed, params, binary, nil)
	for _, p := range params {
		l.size += len(p)
	}
	if l.size < flushBytes {
		return nil
	}
	return l.flush()
}

// flush sends what is gathered, and reads the answers to an earlier flush.
func (l *Loader) flush() error {
	if l.size = 0; l.unread == maxUnread {
		if err := l.read(); err != nil {
			return err
		}
	}
	l.unread++
	return l.pipeline.Sync()
}

// read reads the answers to the first flush that is unread.
func (l *Loader) read() error {
	for {
		switch results, err := l.pipeline.GetResults(); result := results.(type) {
		case *pgconn.ResultReader:
			if _, err := result.Close(); err != nil {
				return err
			}
		case *pgconn.StatementDescription:
		case *pgconn.PipelineSync:
			l.unread--
			return nil
		default: // an error, or the end of what was sent
			l.unread = 0
			return err
		}
	}
}

// Close sends what is left and waits. It must be called, after an error too.
func (l *Loader) Close() error {
	err := l.pipeline.Sync()
	for l.unread++; err == nil && l.unread > 0; {
		err = l.read() // the first error says more than those that follow from it
	}
	if closed := l.pipeline.Close(); err == nil {
		err = closed
	}
	return err
}
