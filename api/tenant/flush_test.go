package tenant

import (
	"context"
	"net"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// counted counts the writes of a connection: each is a flush, a message to the network.
type counted struct {
	net.Conn
	writes *atomic.Int64
}

func (c counted) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

func TestARequestIsOneFlush(t *testing.T) {
	t.Parallel()
	var writes atomic.Int64
	cfg, err := configure(postgrestest.Database(t).URL("insightforge"), Options{MaxConns: 1})
	require.NoError(t, err)
	cfg.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return counted{conn, &writes}, err
	}
	db := openConfig(t, cfg)
	ctx := t.Context()
	for name, request := range map[string]struct {
		flushes int64
		run     func() error
	}{
		"rows": {1, func() error {
			_, err := Rows[dataset](ctx, db, owner(1), selectDatasets)
			return err
		}},
		"a row": {1, func() error {
			_, err := Row[dataset](ctx, db, owner(1), selectDatasets+" limit 1")
			return err
		}},
		"a change": {1, func() error {
			_, err := Exec(ctx, db, owner(1), insertDataset, org(1), uuid.New(), "x", person(1))
			return err
		}},
		"an analytical query": {1, func() error {
			return db.Tx(ctx, owner(1), func(tx *Tx) error {
				_, err := tx.Last().Analyze(ctx, "select name::bytea from app.datasets")
				return err
			})
		}},
		"two statements": {2, func() error {
			return db.Tx(ctx, owner(1), func(tx *Tx) error {
				if _, err := TxRows[dataset](ctx, tx, selectDatasets); err != nil {
					return err
				}
				_, err := tx.Last().Exec(ctx, insertDataset, org(1), uuid.New(), "x", person(1))
				return err
			})
		}},
		"two statements, and it was not known that the second is the last": {3, func() error {
			return db.Tx(ctx, owner(1), func(tx *Tx) error {
				if _, err := tx.Exec(ctx, insertDataset, org(1), uuid.New(), "x", person(1)); err != nil {
					return err
				}
				_, err := tx.Exec(ctx, insertDataset, org(1), uuid.New(), "x", person(1))
				return err
			})
		}},
		"no statement": {0, func() error { return db.Tx(ctx, owner(1), func(*Tx) error { return nil }) }},
	} {
		require.NoError(t, request.run(), name) // prepares the statements
		before := writes.Load()
		require.NoError(t, request.run(), name)
		require.Equal(t, request.flushes, writes.Load()-before, name)
	}
	requireClean(t, db)
}
