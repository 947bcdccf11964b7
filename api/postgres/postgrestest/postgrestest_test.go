package postgrestest_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

func TestMain(m *testing.M) {
	postgrestest.Main(m, func(ctx context.Context, admin *pgx.Conn) error {
		_, err := admin.Exec(ctx, "create role alice login; create table notes (text text); grant all on notes to alice")
		return err
	})
}

func connect(t *testing.T, url string) *pgx.Conn {
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func count(t *testing.T, conn *pgx.Conn) (n int) {
	require.NoError(t, conn.QueryRow(t.Context(), "select count(*) from notes").Scan(&n))
	return n
}

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	mine := connect(t, postgrestest.Database(t).URL("alice"))
	_, err := mine.Exec(t.Context(), "insert into notes values ('mine')")
	require.NoError(t, err)
	require.Equal(t, 1, count(t, mine))

	other := connect(t, postgrestest.Database(t).URL("alice"))
	require.Equal(t, 0, count(t, other))
}

func TestADatabaseIsDroppedWithItsTest(t *testing.T) {
	t.Parallel()
	var name string
	t.Run("test", func(t *testing.T) {
		db := postgrestest.Database(t)
		name = db.Name
		connect(t, db.URL("alice")) // still open when the database is dropped
	})
	admin := connect(t, postgrestest.URL("postgres", "postgres"))
	var exists bool
	require.NoError(t, admin.QueryRow(t.Context(), "select exists (select from pg_database where datname = $1)", name).Scan(&exists))
	require.False(t, exists)
}

// TestNothingRemainsAfterAPanic runs this program again to see it panic.
func TestNothingRemainsAfterAPanic(t *testing.T) {
	if os.Getenv("POSTGRESTEST_PANIC") != "" {
		fmt.Println(postgrestest.URL("postgres", "postgres"))
		panic("as tests do")
	}
	t.Parallel()
	child := exec.Command(os.Args[0], "-test.run=^TestNothingRemainsAfterAPanic$")
	child.Env = append(os.Environ(), "POSTGRESTEST_PANIC=1")
	out, err := child.Output()
	require.Error(t, err)
	address, _, _ := strings.Cut(string(out), "\n")
	config, err := pgx.ParseConfig(address)
	require.NoError(t, err)
	dir := filepath.Dir(config.Host)
	require.Contains(t, dir, "insightforge-test-")
	require.Eventually(t, func() bool {
		_, err := os.Stat(dir)
		return os.IsNotExist(err)
	}, time.Minute, time.Millisecond)
}

func BenchmarkDatabase(b *testing.B) {
	for b.Loop() {
		postgrestest.Database(b)
	}
}
