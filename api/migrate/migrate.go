// Package migrate brings a database to the schema and the policies of this program, and checks that one is there.
package migrate

import (
	"context"
	"crypto/sha256"
	_ "embed" // state.sql
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/jackc/pgx/v5"
	tern "github.com/jackc/tern/v2/migrate"
)

// versionTable is tern's, the same as in tern.conf.
const versionTable = "app.schema_version"

// Files are the SQL that main.go embeds.
type Files struct {
	Migrations fs.FS // sql/: roles.sql and the numbered migrations
	Policies   fs.FS // policies/: tern's code package, install.sql
}

// Run brings the database of conn up to date and does nothing where it is. conn belongs to a superuser, who sets up the
// roles as well, or to a user who may become insightforge_owner where they exist. log gets a line for each step.
func Run(ctx context.Context, conn *pgx.Conn, files Files, log func(string)) error {
	if err := ownSession(ctx, conn); err != nil {
		return err
	}
	fingerprint, err := files.fingerprint()
	if err != nil {
		return err
	}
	current, untouched, err := installed(ctx, conn, fingerprint)
	if err != nil || current && untouched {
		return err
	}
	if err := setUpRoles(ctx, conn, files.Migrations, log); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "set role insightforge_owner"); err != nil {
		return fmt.Errorf("connect as a superuser, as insightforge_owner, or as a member of it: %w", err)
	}
	defer conn.Exec(context.WithoutCancel(ctx), "reset role")
	if err := migrations(ctx, conn, files.Migrations, log); err != nil {
		return err
	}
	log("policies: installing")
	return policies(ctx, conn, files.Policies, fingerprint)
}

// ownSession refuses a pooler's connection, which has another process than it said at the start. The role and the lock of
// a migration are a session's: through a pooler they reach some statements, and then other clients.
func ownSession(ctx context.Context, conn *pgx.Conn) error {
	var process uint32
	if err := conn.QueryRow(ctx, "select pg_backend_pid()", pgx.QueryExecModeExec).Scan(&process); err != nil {
		return err
	}
	if process != conn.PgConn().PID() {
		return errors.New("this is a pooler: migrate over a connection to PostgreSQL itself")
	}
	return nil
}

// setUpRoles runs sql/roles.sql where the user may, and says what to do where the roles are missing and it may not.
func setUpRoles(ctx context.Context, conn *pgx.Conn, migrations fs.FS, log func(string)) error {
	var superuser, present bool
	err := conn.QueryRow(ctx, `select (select rolsuper from pg_roles where rolname = current_user),
		to_regrole('insightforge_owner') is not null and to_regrole('insightforge_sealer') is not null and to_regnamespace('app') is not null`).Scan(&superuser, &present)
	if err != nil {
		return err
	}
	if !superuser {
		if !present {
			return errors.New("the database roles are missing: run sql/roles.sql once in this database as an administrator, or migrate as a superuser")
		}
		return nil
	}
	text, err := fs.ReadFile(migrations, "roles.sql")
	if err != nil {
		return err
	}
	log("roles: sql/roles.sql")
	_, err = conn.Exec(ctx, string(text)) // a file of ours: several statements in one transaction
	return err
}

func migrations(ctx context.Context, conn *pgx.Conn, files fs.FS, log func(string)) error {
	m, err := tern.NewMigrator(ctx, conn, versionTable)
	if err != nil {
		return err
	}
	if err := m.LoadMigrations(files); err != nil {
		return err
	}
	m.OnStart = func(_ int32, name, direction, _ string) { log(fmt.Sprintf("migration: %s %s", name, direction)) }
	return m.Migrate(ctx)
}

// stateSQL is what the code package made, as one value.
//
//go:embed state.sql
var stateSQL string

// policies installs the code package and, in the same transaction, notes what it was made from and what it made.
func policies(ctx context.Context, conn *pgx.Conn, files fs.FS, fingerprint string) error {
	code, err := tern.LoadCodePackage(files)
	if err != nil {
		return err
	}
	text, err := code.Eval(nil)
	if err != nil {
		return err
	}
	return tern.LockExecTx(ctx, conn, text+"\ndo $note$ begin execute format('comment on schema app is %L', '"+fingerprint+" '||("+stateSQL+")); end $note$;")
}

// fingerprint names the SQL of this program: what a database must have been made from to be served.
func (f Files) fingerprint() (string, error) {
	hash := sha256.New()
	for _, dir := range []fs.FS{f.Migrations, f.Policies} {
		names, err := fs.Glob(dir, "*.sql")
		if err != nil {
			return "", err
		}
		for _, name := range names {
			text, err := fs.ReadFile(dir, name)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(hash, "%s %d\n%s", path.Base(name), len(text), text)
		}
	}
	return "sha256:" + hex.EncodeToString(hash.Sum(nil)), nil
}

// installed tells whether the database was made from the SQL of this fingerprint, and whether policies, grants and
// functions are still as they were made.
func installed(ctx context.Context, conn *pgx.Conn, fingerprint string) (current, untouched bool, err error) {
	var note, state string
	err = conn.QueryRow(ctx, `select coalesce(obj_description(to_regnamespace('app'), 'pg_namespace'), ''), (`+stateSQL+`)`).Scan(&note, &state)
	made, noted, _ := strings.Cut(note, " ")
	return made == fingerprint, noted == state, err
}
