package migrate

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed check.sql
var checkSQL string

// escapesOpen: callers that could change app.org_id inside one statement, by set_config or by DO.
const escapesOpen = `select exists (select from pg_roles r
  where rolname in ('insightforge_auth', 'insightforge_user', 'insightforge_api', 'insightforge_key')
    and (has_function_privilege(r.oid, 'pg_catalog.set_config(text, text, boolean)', 'EXECUTE')
      or exists (select from pg_language l where l.laninline <> 0 and has_language_privilege(r.oid, l.oid, 'USAGE'))))`

// Check says why the database must not be served over conn, a connection of the login role: another schema or other
// policies than this program's, a table within reach that no complete policy guards, a login role that is more than
// a login role. allowSetConfig accepts a server where set_config could not be revoked from PUBLIC.
func Check(ctx context.Context, conn *pgx.Conn, files Files, allowSetConfig bool) error {
	fingerprint, err := files.fingerprint()
	if err != nil {
		return err
	}
	current, untouched, err := installed(ctx, conn, fingerprint)
	if err != nil {
		return err
	}
	if !current {
		return errors.New("the database has another schema or other policies than this program: run `insightforge migrate` as its owner")
	}
	findings, err := findings(ctx, conn)
	if err != nil {
		return err
	}
	if !untouched {
		findings = append(findings, "a policy, a grant or a function in schema app was changed by hand: `insightforge migrate` puts back what policies/ says")
	}
	var open bool
	if err := conn.QueryRow(ctx, escapesOpen).Scan(&open); err != nil {
		return err
	}
	if open && !allowSetConfig {
		findings = append(findings, "set_config or DO is open to PUBLIC, so one injected statement could change the organization: "+
			"revoke them as a superuser (sql/roles.sql), or accept that with ALLOW_SET_CONFIG=true")
	}
	if len(findings) > 0 {
		return fmt.Errorf("refusing to serve this database (DATABASE_URL should name the role insightforge, and nothing else be granted to it):\n  - %s",
			strings.Join(findings, "\n  - "))
	}
	return nil
}

func findings(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	rows, _ := conn.Query(ctx, checkSQL)
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
