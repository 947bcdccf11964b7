package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/audit"
	"github.com/insightforge/insightforge/api/migrate"
)

const auditUsage = `insightforge audit [--format FORMAT] [--output FILE] [--catalog] [--trust] [--accept ID,…] [--save FILE] [--against FILE|URL]

Shows on a live database whether the isolation of tenants holds: rules over its catalog, what really happens when every kind
of caller tries every command on every kind of row, and how both differ from what this program's policies/ say.

It changes nothing: all of it happens in one transaction that is rolled back. It audits the database of DATABASE_URL; without
that the private PostgreSQL in DATA_DIR, which it starts, and stops again, if no server is running on it.

  as a superuser                     everything; no lock that a server would wait for
  as a member of insightforge_owner  everything; the tables are locked for a second or two (the audit gives up when it does not
                                     get the locks within 2 s)
  as any other login, on a standby   the catalog alone, which the report says

  --format FORMAT   text, json, markdown, html (one file, to read and to print) or sarif
  --output FILE     where to write the report, instead of stdout
  --catalog         the catalog alone: nothing is tried
  --trust           as a superuser, try although the database runs code that is not this program's: a trigger, a changed
                    function, default or check. It runs as the superuser, and a rollback does not undo what it does outside.
                    The database of --against is trusted.
  --accept ID,…     findings of these rules are known: shown, marked, not counted
  --save FILE       keep the policies, the grants, the functions and what was tried, to compare with later
  --against FILE    say in sentences what callers may do that they could not when FILE was saved, and the reverse; a URL,
                    postgres://…, audits that database now and compares with it. Findings are only counted.

Exit status: 0 no findings, 1 findings, 2 it could not look, or a wrong command line.
With --against: 0 nothing was widened, 1 something was widened, 2 it could not look. Where one side has tried nothing, only
definitions can be compared: 0 if they are equal and the catalog has no error, else 2, since nobody knows what they let whom do.

What each rule means: docs/audit.md.
`

// auditOptions is a parsed command line.
type auditOptions struct {
	format, output, save, against string
	accept                        []string
	catalog, trust                bool
}

func parseAudit(args []string) (o auditOptions, err error) {
	flags := flag.NewFlagSet("audit", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.format, "format", "text", "")
	flags.StringVar(&o.output, "output", "", "")
	flags.StringVar(&o.save, "save", "", "")
	flags.StringVar(&o.against, "against", "", "")
	flags.BoolVar(&o.catalog, "catalog", false, "")
	flags.BoolVar(&o.trust, "trust", false, "")
	flags.Func("accept", "", func(ids string) error {
		for _, id := range strings.Split(ids, ",") {
			if _, ok := audit.Lints[id]; !ok {
				return fmt.Errorf("no rule has the id %q", id)
			}
			o.accept = append(o.accept, id)
		}
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 || !slices.Contains(audit.Formats, o.format) {
		return o, errors.New("wrong arguments")
	}
	return o, nil
}

// runAudit audits, writes what was asked for, and returns the exit status as a failed.
func runAudit(ctx context.Context, args []string, files migrate.Files) error {
	o, err := parseAudit(args)
	if err != nil {
		return notParsed(err, auditUsage)
	}
	clean, err := o.audit(ctx, files)
	switch {
	case err != nil:
		return failed{err, 2}
	case !clean:
		return failed{nil, 1}
	default:
		return nil
	}
}

// audit tells whether there was nothing to complain of.
func (o auditOptions) audit(ctx context.Context, files migrate.Files) (clean bool, err error) {
	expected, err := audit.Expected(files.Policies)
	if err != nil {
		return false, err
	}
	before, name, err := o.before(ctx)
	if err != nil {
		return false, err
	}
	var r *audit.Report
	err = administer(ctx, func(conn *pgx.Conn) (err error) {
		r, err = auditOver(ctx, conn, audit.Options{Expected: expected, Accepted: o.accept, CatalogOnly: o.catalog, Trust: o.trust})
		return err
	})
	if err != nil {
		return false, err
	}
	if err := o.keep(r); err != nil {
		return false, err
	}
	if before != nil {
		return o.compare(before, name, r)
	}
	if err := o.write(r); err != nil {
		return false, err
	}
	errs, warnings := r.Counts()
	if r.Failed && errs+warnings == 0 {
		return false, errors.New("nothing could be tried: " + r.NotTried)
	}
	return errs+warnings == 0, nil
}

// before is what --against names, and how to call it.
func (o auditOptions) before(ctx context.Context) (*audit.Saved, string, error) {
	if o.against == "" {
		return nil, "", nil
	}
	if !strings.HasPrefix(o.against, "postgres://") && !strings.HasPrefix(o.against, "postgresql://") {
		saved, err := audit.LoadFile(o.against)
		if err != nil {
			err = fmt.Errorf("--against: %w", err)
		}
		return saved, o.against, err
	}
	if _, err := pgx.ParseConfig(o.against); err != nil { // its text may repeat a password
		return nil, "", errors.New("--against cannot be read: it looks like postgres://user:password@host:5432/database")
	}
	var r *audit.Report
	err := connected(ctx, o.against, func(conn *pgx.Conn) (err error) {
		r, err = auditOver(ctx, conn, audit.Options{CatalogOnly: o.catalog, Trust: true})
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("--against: %w", err)
	}
	return &r.Saved, "database " + r.Database, nil
}

func (o auditOptions) compare(before *audit.Saved, name string, r *audit.Report) (clean bool, err error) {
	c := audit.Compare(before, name, r)
	if err := o.write(c); err != nil {
		return false, err
	}
	if c.NotCompared != "" && (!c.Equal() || c.Errors > 0) {
		return false, errors.New("what callers may do could not be compared: " + c.NotCompared)
	}
	return len(c.Widened) == 0, nil
}

func (o auditOptions) keep(r *audit.Report) error {
	if o.save == "" {
		return nil
	}
	text, err := r.Saved.JSON()
	if err != nil {
		return err
	}
	return os.WriteFile(o.save, text, 0o644)
}

func (o auditOptions) write(report interface {
	Write(w io.Writer, format string) error
}) error {
	var b bytes.Buffer
	if err := report.Write(&b, o.format); err != nil {
		return err
	}
	if o.output != "" {
		return os.WriteFile(o.output, b.Bytes(), 0o644)
	}
	_, err := os.Stdout.Write(b.Bytes())
	return err
}

func auditOver(ctx context.Context, conn *pgx.Conn, options audit.Options) (*audit.Report, error) {
	defer time.AfterFunc(3*time.Second, func() { say("Auditing: trying every command as every kind of caller") }).Stop()
	return audit.Run(ctx, conn, options)
}
