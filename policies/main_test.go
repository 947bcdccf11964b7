// Package policies has no code: these are the tests of the SQL beside them, run as the database roles of the product.
package policies

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/migrate"
	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

var files = migrate.Files{Migrations: os.DirFS("../sql"), Policies: os.DirFS(".")}

func TestMain(m *testing.M) {
	postgrestest.Main(m, func(ctx context.Context, admin *pgx.Conn) error {
		if err := migrate.Run(ctx, admin, files, func(string) {}); err != nil {
			return err
		}
		planted, err := os.ReadFile("../api/audit/planted.sql")
		if err != nil {
			return err
		}
		_, err = admin.Exec(ctx, strings.ReplaceAll(string(planted), "{salt}", ""))
		return err
	})
}

// id is the uuid that planted.sql writes as md5('{salt}…'), without salt.
func id(name string) uuid.UUID { return md5.Sum([]byte(name)) }

func user(name string) uuid.UUID         { return id("users/" + name) }
func organization(name string) uuid.UUID { return id("organizations/" + name) }

// Database users: the product's, and the superuser.
const login, superuser = "insightforge", "postgres"

// asMember, asPerson and asUnknown are the calls that begin a transaction.
func asMember(person, org string) string {
	return fmt.Sprintf("select app.begin_request('%s', '%s')", user(person), organization(org))
}

func asPerson(person string) string { return fmt.Sprintf("select app.begin_user('%s')", user(person)) }

func asUnknown(subject string) string { return fmt.Sprintf("select app.begin_auth('%s')", subject) }

// asKey is the first key that planted.sql gives somebody in org.
func asKey(person, org string) string {
	return fmt.Sprintf("select app.begin_api_key('hash/%s/%s', '%s')", org, person, organization(org))
}

// asBearer uses the one-time token of this name.
func asBearer(name, kind string) string {
	return fmt.Sprintf("select app.begin_token('%s', '%s')", tokenHash(name), kind)
}

func tokenHash(name string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte("one_time_tokens/"+name)))
}

func quoted(person string) string { return "'" + user(person).String() + "'" }

// connect gives a connection of a user to db.
func connect(t testing.TB, db postgrestest.DB, user string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.URL(user))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// outcome of a statement or a script: how many rows the last statement touched, or the database's error.
type outcome struct {
	rows int64
	err  *pgconn.PgError
}

// run sends a script of constant text in one message and tells what became of its last statement.
func run(t testing.TB, conn *pgx.Conn, script string) outcome {
	t.Helper()
	results, err := conn.PgConn().Exec(t.Context(), script).ReadAll()
	var refused *pgconn.PgError
	if err != nil {
		require.ErrorAs(t, err, &refused, script)
		return outcome{err: refused}
	}
	return outcome{rows: results[len(results)-1].CommandTag.RowsAffected()}
}

// as runs a script for a caller, in a transaction that stays open until the connection's next one.
func as(t testing.TB, conn *pgx.Conn, begin, script string) outcome {
	t.Helper()
	return run(t, conn, "rollback; begin; "+begin+"; "+script)
}

// code is the SQLSTATE; empty for none.
func (o outcome) code() string {
	if o.err == nil {
		return ""
	}
	return o.err.Code
}

// requireRefused: permission denied, be it by privilege or by policy.
func requireRefused(t testing.TB, o outcome, why string) {
	t.Helper()
	require.Equal(t, "42501", o.code())
	require.Contains(t, o.err.Message, why)
}

// value is the only value of a query.
func value[T any](t testing.TB, conn *pgx.Conn, sql string, args ...any) (v T) {
	t.Helper()
	require.NoError(t, conn.QueryRow(t.Context(), sql, args...).Scan(&v), sql)
	return v
}
