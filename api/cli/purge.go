package cli

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/purge"
)

const purgeUsage = `insightforge purge [--organization ID] [--dry-run] [--format text|json]

Removes for good the organizations that were deleted more than 30 days ago, with every row that is theirs, their audit events too,
and reports how many rows of each table these were. People stay: they are not an organization's. Nothing else is ever removed.

It works on the database of DATABASE_URL; without that on the private PostgreSQL in DATA_DIR, which it starts, and stops again, if
no server is running on it. The user must be a superuser, or have BYPASSRLS and the right to delete in every table. Each
organization is one transaction; one that is restored meanwhile stays whole. Servers may run.

  --organization ID  only this one; an error, if it is not due
  --dry-run          count, and remove nothing
  --format FORMAT    text or json

Exit status: 0 done, also where there was nothing to do; 1 it failed, and the report has what was done before; 2 a wrong command line.
`

func parsePurge(args []string) (o purge.Options, format string, err error) {
	flags := flag.NewFlagSet("purge", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&o.DryRun, "dry-run", false, "")
	flags.StringVar(&format, "format", "text", "")
	flags.Func("organization", "", func(text string) error {
		id, err := uuid.Parse(text)
		o.Organization = &id
		return err
	})
	if err = flags.Parse(args); err == nil && (flags.NArg() > 0 || !slices.Contains(purge.Formats, format)) {
		err = errors.New("wrong arguments")
	}
	return o, format, err
}

// runPurge purges and prints the report, also where it failed midway.
func runPurge(ctx context.Context, args []string) error {
	o, format, err := parsePurge(args)
	if err != nil {
		return notParsed(err, purgeUsage)
	}
	return administer(ctx, func(conn *pgx.Conn) error {
		r, err := purge.Run(ctx, conn, o)
		if r != nil && (err == nil || len(r.Organizations) > 0) {
			err = errors.Join(err, r.Write(os.Stdout, format))
		}
		return err
	})
}
