package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/audit"
)

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
	var accepted []string
	if allowSetConfig {
		accepted = []string{"set_config_open", "do_open"}
	}
	findings, err := audit.Refusals(ctx, conn, accepted...)
	if err != nil {
		return err
	}
	if !untouched {
		findings = append(findings, "a policy, a grant or a function in schema app was changed by hand: `insightforge migrate` puts back what policies/ says")
	}
	if len(findings) > 0 {
		hint := ""
		if slices.ContainsFunc(findings, func(f string) bool {
			return strings.HasSuffix(f, "(set_config_open)") || strings.HasSuffix(f, "(do_open)")
		}) {
			hint = "\n  One injected statement could change the organization: revoke them as a superuser (sql/roles.sql), or accept that with ALLOW_SET_CONFIG=true."
		}
		return fmt.Errorf("refusing to serve this database (DATABASE_URL should name the role insightforge, and nothing else be granted to it; docs/audit.md says what each means, and `insightforge audit` what mends it):\n  - %s%s",
			strings.Join(findings, "\n  - "), hint)
	}
	return nil
}
