package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"text/tabwriter"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const quotaUsage = `insightforge quota ORG [--members N] [--datasets N] [--stored-bytes N] [--questions-per-day N]

Shows how much the organization with the id ORG may have, and sets the limits that are given. Servers heed it at once. What is
there when a limit is lowered stays.

The database is that of DATABASE_URL, as a user whom policies do not bind (a superuser, or BYPASSRLS); without it the private
PostgreSQL in DATA_DIR, also while a server runs on it.
`

// quotas are the flags, in the order of the parameters of setQuotas, and the sizes of their columns.
var quotas = []struct {
	flag string
	bits int
}{{"members", 32}, {"datasets", 32}, {"stored-bytes", 64}, {"questions-per-day", 32}}

// limits are what the command line sets, nil for what stays.
type limits []*int64

func parseQuota(args []string) (org uuid.UUID, set limits, err error) {
	flags := flag.NewFlagSet("quota", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	set = make(limits, len(quotas))
	for i, q := range quotas {
		flags.Func(q.flag, "", func(text string) error {
			n, err := strconv.ParseUint(text, 10, q.bits-1)
			if err != nil {
				return errors.New("it is no number, or out of range")
			}
			limit := int64(n)
			set[i] = &limit
			return nil
		})
	}
	if len(args) > 0 {
		if org, err = uuid.Parse(args[0]); err == nil {
			args = args[1:]
		}
	}
	if err := flags.Parse(args); err != nil {
		return org, set, err
	}
	if org == uuid.Nil || flags.NArg() > 0 {
		return org, set, errors.New("the id of one organization is needed, before the limits")
	}
	return org, set, nil
}

func runQuota(ctx context.Context, args []string) error {
	org, set, err := parseQuota(args)
	if err != nil {
		return notParsed(err, quotaUsage)
	}
	return administer(ctx, func(conn *pgx.Conn) error { return set.store(ctx, conn, org) })
}

func (set limits) store(ctx context.Context, conn *pgx.Conn, org uuid.UUID) error {
	if err := unbound(ctx, conn); err != nil {
		return err
	}
	before, after, err := set.update(ctx, conn, org)
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("there is no organization %s", org)
	}
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "QUOTA\tBEFORE\tNOW")
	for i, q := range quotas {
		fmt.Fprintf(w, "%s\t%d\t%d\n", q.flag, before[i], after[i])
	}
	return w.Flush()
}

// unbound refuses a user whom policies bind: to such a one there are no organizations.
func unbound(ctx context.Context, conn *pgx.Conn) error {
	var user string
	var unbound bool
	err := conn.QueryRow(ctx, "select rolname, rolsuper or rolbypassrls from pg_roles where rolname = current_user").Scan(&user, &unbound)
	if err == nil && !unbound {
		err = fmt.Errorf("%s is bound by the policies: DATABASE_URL has to name a superuser, or a user with BYPASSRLS", user)
	}
	return err
}

const setQuotas = `
update app.quotas q
set members = coalesce($2, q.members), datasets = coalesce($3, q.datasets), stored_bytes = coalesce($4, q.stored_bytes), questions_per_day = coalesce($5, q.questions_per_day)
from (select * from app.quotas where org_id = $1 for update) old
where q.org_id = $1
returning array[old.members, old.datasets, old.stored_bytes, old.questions_per_day], array[q.members, q.datasets, q.stored_bytes, q.questions_per_day]`

func (set limits) update(ctx context.Context, conn *pgx.Conn, org uuid.UUID) (before, after []int64, err error) {
	err = conn.QueryRow(ctx, setQuotas, org, set[0], set[1], set[2], set[3]).Scan(&before, &after)
	return before, after, err
}
