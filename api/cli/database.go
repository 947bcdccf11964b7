package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/audit"
	"github.com/insightforge/insightforge/api/migrate"
	"github.com/insightforge/insightforge/api/postgres"
)

// database is where the server's data is. private is nil with DATABASE_URL.
type database struct {
	url     string // as the login role
	private *postgres.Server
}

// databaseName is the database in the private PostgreSQL.
const databaseName = "insightforge"

// openDatabase starts and migrates the private PostgreSQL, or takes the one of DATABASE_URL as it is.
func openDatabase(ctx context.Context, c Config, files migrate.Files) (*database, error) {
	if c.DatabaseURL != "" {
		return &database{url: c.DatabaseURL}, nil
	}
	started := time.Now()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})) // what went well is said below
	private, err := postgres.Start(ctx, c.DataDir, postgres.Options{Log: log})
	if err != nil {
		return nil, err
	}
	db := &database{url: private.URL("insightforge", databaseName), private: private}
	if err := db.prepare(ctx, files); err != nil {
		return nil, errors.Join(err, db.close())
	}
	what := "PostgreSQL started"
	if private.Created() {
		what = "PostgreSQL created and started"
	}
	say("%s in %s (%.1f s)", what, c.DataDir, time.Since(started).Seconds())
	return db, nil
}

// prepare names the database on first use and migrates it.
func (db *database) prepare(ctx context.Context, files migrate.Files) error {
	if err := db.name(ctx); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, db.private.URL("postgres", databaseName))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return migrate.Run(ctx, conn, files, func(line string) { say("  %s", line) })
}

func (db *database) name(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, db.private.URL("postgres", "template1"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var exists bool
	if err := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", databaseName).Scan(&exists); err != nil || exists {
		return err
	}
	_, err = conn.Exec(ctx, "alter database postgres rename to "+databaseName) // it is empty, and a copy of 300 files takes a while
	return err
}

// connectOnce makes a connection that leaves no statement behind, which a pooler would keep.
func connectOnce(ctx context.Context, url string) (*pgx.Conn, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	cfg.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec
	return pgx.ConnectConfig(ctx, cfg)
}

// check refuses what must not be served, over a connection of the login role, and finds the function that unnests chunks.
func (db *database) check(ctx context.Context, files migrate.Files, allowSetConfig bool) (expand string, err error) {
	conn, err := connectOnce(ctx, db.url)
	if err != nil {
		return "", fmt.Errorf("database: %w", err)
	}
	defer conn.Close(ctx)
	if err := migrate.Check(ctx, conn, files, allowSetConfig); err != nil {
		return "", err
	}
	fixes, err := audit.MissingFixes(ctx, conn)
	if err != nil {
		return "", err
	}
	for _, fix := range fixes {
		say("Warning: %s", fix)
	}
	err = conn.QueryRow(ctx, "select case when to_regprocedure('app.expand(anyarray)') is null then 'unnest' else 'app.expand' end").Scan(&expand)
	return expand, err
}

// gone is closed when the private PostgreSQL has ended for good; never with DATABASE_URL.
func (db *database) gone() <-chan struct{} {
	if db.private == nil {
		return nil
	}
	return db.private.Done()
}

func (db *database) close() error {
	if db.private == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return db.private.Stop(ctx)
}

func migrateDatabase(ctx context.Context, files migrate.Files) error {
	c, err := config()
	if err != nil {
		return err
	}
	if c.DatabaseURL == "" {
		return errors.New("migrate needs DATABASE_URL, of a superuser or of a member of insightforge_owner; the private PostgreSQL is migrated when it is served")
	}
	conn, err := pgx.Connect(ctx, c.DatabaseURL)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if err := migrate.Run(ctx, conn, files, func(line string) { say("%s", line) }); err != nil {
		return err
	}
	say("the database is up to date")
	reportOrphans(ctx, conn)
	return nil
}

// administer runs work on the database that the environment names, on one connection, and leaves it running or not as it was.
func administer(ctx context.Context, work func(*pgx.Conn) error) error {
	c, err := environment()
	if err != nil {
		return err
	}
	url, stop, err := administeredURL(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(connected(ctx, url, work), stop())
}

func connected(ctx context.Context, url string, work func(*pgx.Conn) error) error {
	conn, err := connectOnce(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return work(conn)
}

// administeredURL is how to reach the database that the environment names, and what to do afterwards: the private PostgreSQL is
// taken from the server that runs on it, or started. It is never created.
func administeredURL(ctx context.Context, c Config) (url string, stop func() error, err error) {
	nothing := func() error { return nil }
	if c.DatabaseURL != "" {
		return c.DatabaseURL, nothing, nil
	}
	if !postgres.Exists(c.DataDir) {
		return "", nil, fmt.Errorf("there is no private PostgreSQL in %s yet: serve once, or name a database in DATABASE_URL", c.DataDir)
	}
	server, err := postgres.Start(ctx, c.DataDir, postgres.Options{})
	if errors.Is(err, postgres.ErrInUse) {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		url, err = postgres.RunningURL(ctx, c.DataDir, "postgres", databaseName)
		return url, nothing, err
	}
	if err != nil {
		return "", nil, err
	}
	return server.URL("postgres", databaseName), (&database{private: server}).close, nil
}
