package tenant

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// crowd is many callers of all organizations on few connections. They run every kind of transaction ([ways]), of which
// some fail in each of the ways there are; connections are cut and backends terminated under them.
type crowd struct {
	db      *DB
	admin   *pgxpool.Pool
	started atomic.Int64 // transactions
	over    atomic.Int64 // of these, ended as they must
	traffic atomic.Int64 // reads and writes on all connections
	checked atomic.Int64 // connections that were given back and looked at
	unclean atomic.Int64 // of these, with something left on them
	callers [32]*caller
}

// newCrowd opens a pool whose connections break, and which looks at each that is given back.
func newCrowd(t *testing.T, database postgrestest.DB, cfg *pgxpool.Config) *crowd {
	t.Helper()
	c := &crowd{}
	cfg.AfterRelease = func(conn *pgx.Conn) bool {
		err := leftover(context.Background(), conn)
		c.checked.Add(1)
		if errors.Is(err, errLeftover) {
			c.unclean.Add(1)
		}
		return err == nil || errors.Is(err, errLeftover) // the next caller shall meet it
	}
	cfg.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return brittle{conn, &c.traffic}, err
	}
	c.db = openConfig(t, cfg)
	var err error
	c.admin, err = pgxpool.New(t.Context(), database.URL("postgres"))
	require.NoError(t, err)
	t.Cleanup(c.admin.Close)
	for g := range c.callers {
		c.callers[g] = &caller{crowd: c, n: g%organizations + 1, ended: map[string]int{}, lost: map[string]int{}, analyses: map[uuid.UUID]fate{}}
	}
	return c
}

// brittle is a connection that is cut at every 1,999th read or write of all: before a message, in the middle of it, after
// it, or before the answer.
type brittle struct {
	net.Conn
	traffic *atomic.Int64
}

func (b brittle) Write(p []byte) (int, error) {
	if n := b.traffic.Add(1); n > 0 && n%1999 == 0 {
		_, _ = b.Conn.Write(p[:len(p)*int(n%3)/2])
		b.Close()
	}
	return b.Conn.Write(p)
}

func (b brittle) Read(p []byte) (int, error) {
	if n := b.traffic.Add(1); n > 0 && n%1999 == 0 {
		b.Close()
	}
	return b.Conn.Read(p)
}

// caller is one of a crowd, the OWNER of organization n, and what became of its transactions.
type caller struct {
	*crowd
	n, i          int // i is the number of the transaction
	read, foreign int // rows
	ended, lost   map[string]int
	analyses      map[uuid.UUID]fate
	unexpected    error
}

// fate says whether a row must be there at the end.
type fate int

const (
	absent  fate = iota // the transaction failed
	present             // it was committed
	either              // its connection was lost, and COMMIT may have been under way
)

// play has the callers run the transactions and asserts what they came to.
func (c *crowd) play(t *testing.T) {
	t.Helper()
	var all sync.WaitGroup
	for _, caller := range c.callers {
		all.Go(func() {
			for caller.unexpected == nil && caller.next() {
				caller.attempt(t.Context())
			}
		})
	}
	all.Wait()
	c.settle(t)
	requireClean(t, c.db) // and wait for the last of the looks
	read, foreign := c.rows()
	t.Logf("%d rows read", read)
	require.Zero(t, foreign, "rows of another organization")
	require.Zero(t, c.unclean.Load(), "connections given back with something on them")
	c.requireEnds(t)
	require.Greater(t, read, 3*transactions*3/4)
	c.requireAnalyses(t)
}

// settle ends the cuts, and has the pool close the connections that died after their last use.
func (c *crowd) settle(t *testing.T) {
	t.Helper()
	c.traffic.Store(math.MinInt64)
	for range c.db.pool.Config().MaxConns {
		conn, err := c.db.pool.Acquire(t.Context())
		require.NoError(t, err)
		defer conn.Release()
		_ = conn.Ping(t.Context())
	}
}

// rows adds up what was read.
func (c *crowd) rows() (read, foreign int) {
	for _, caller := range c.callers {
		read, foreign = read+caller.read, foreign+caller.foreign
	}
	return read, foreign
}

// next takes the number of the next transaction, until enough have ended as they must.
func (c *caller) next() bool {
	c.i = int(c.started.Add(1))
	return c.over.Load() < transactions && c.i < 2*transactions
}

// attempt runs a transaction in the first of the ways whose turn it is.
func (c *caller) attempt(ctx context.Context) {
	for _, way := range ways {
		if c.i%way.every != 0 {
			continue
		}
		switch err := way.run(c, ctx); {
		case way.ends(err):
			c.ended[way.name]++
			c.over.Add(1)
		case lost(err):
			c.lost[way.name]++
		default:
			c.unexpected = fmt.Errorf("%s: %w", way.name, err)
		}
		return
	}
}

// lost says that a connection was lost, or could not be made.
func lost(err error) bool {
	var pg *pgconn.PgError
	var connect *pgconn.ConnectError
	switch {
	case err == nil:
		return false
	case errors.As(err, &pg):
		return pg.Severity == "FATAL" // PostgreSQL's or pgbouncer's last word
	case errors.As(err, &connect), errors.Is(err, net.ErrClosed), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNRESET):
		return true
	}
	return strings.Contains(err.Error(), "conn closed")
}

// requireEnds: each way ended as it must, and now and then with a lost connection; there were as many as was said.
func (c *crowd) requireEnds(t *testing.T) {
	t.Helper()
	var ended, lost int
	byWay := map[string]int{}
	for _, caller := range c.callers {
		require.NoError(t, caller.unexpected)
		for name, n := range caller.ended {
			ended += n
			byWay[name] += n
		}
		for _, n := range caller.lost {
			lost += n
		}
	}
	t.Logf("%d transactions: %v; %d more lost their connection", ended, byWay, lost)
	for _, way := range ways {
		require.NotZero(t, byWay[way.name], way.name)
	}
	require.GreaterOrEqual(t, ended, transactions)
	require.Greater(t, lost, transactions/1000)
	require.Greater(t, c.checked.Load(), int64(ended*95/100), "connections looked at when they were given back")
}

// requireAnalyses: what was committed is there, in its organization; what failed is not; nothing else is.
func (c *crowd) requireAnalyses(t *testing.T) {
	t.Helper()
	rows, _ := c.admin.Query(t.Context(), "select id, org_id from app.analyses")
	there := map[uuid.UUID]uuid.UUID{}
	var id, organization uuid.UUID
	_, err := pgx.ForEachRow(rows, []any{&id, &organization}, func() error { there[id] = organization; return nil })
	require.NoError(t, err)
	var committed, failed int
	for _, caller := range c.callers {
		for id, fate := range caller.analyses {
			organization, found := there[id]
			switch delete(there, id); fate {
			case present:
				committed++
				require.Equal(t, org(caller.n), organization)
			case absent:
				failed++
				require.False(t, found, "written by a transaction that failed")
			case either:
				require.True(t, !found || organization == org(caller.n))
			}
		}
	}
	t.Logf("%d rows written, %d not", committed, failed)
	require.Empty(t, there, "written by nobody")
	require.Greater(t, committed, transactions/50)
	require.Greater(t, failed, transactions/50)
	var datasets int
	require.NoError(t, c.admin.QueryRow(t.Context(), "select count(*) from app.datasets").Scan(&datasets))
	require.Equal(t, 3*organizations, datasets)
}
