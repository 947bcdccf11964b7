package policies

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// TestModelAndDatabaseAgree has random people of several organizations do random things, with the server's statements
// and with some that only an attacker would send, and asks three questions after every step: was the outcome the model's?
// Are the rows of all these organizations the model's? Does some person, in some organization or in none, see exactly
// what the model says?
//
// A failure names the seed and is shrunk. Not the 100 runs that rapid would do, but 50, so that the test takes two or three
// seconds; to search longer:
//
//	go test ./policies -run TestModelAndDatabaseAgree -rapid.checks=5000 -rapid.steps=60 -timeout=1h
func TestModelAndDatabaseAgree(t *testing.T) {
	t.Parallel()
	p := open(t, serverStatements(t))
	p.coversEveryTable(t)
	rapid.Check(t, func(t *rapid.T) { p.world(t).run() })
}

func init() {
	if os.Getenv("RAPID_CHECKS") == "" {
		_ = flag.Set("rapid.checks", "50") // before the command line is read
	}
}

// property is what all its runs share: each has new ids in the same database.
type property struct {
	statements        statements
	one, other, admin *pgx.Conn
}

func open(t testing.TB, s statements, faults ...string) *property {
	db := postgrestest.Database(t)
	p := &property{statements: s, one: connect(t, db, login), other: connect(t, db, login), admin: connect(t, db, superuser)}
	for _, sql := range append(faults, "set plan_cache_mode = force_generic_plan") {
		_, err := p.admin.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}
	for _, conn := range []*pgx.Conn{p.one, p.other, p.admin} { // plans are made while the tables are small
		_, err := conn.Exec(t.Context(), "set enable_seqscan = off")
		require.NoError(t, err)
	}
	return p
}

// table is a table of schema app, and a row of it as text: kind|organization|what it is of|id|whose|the rest.
type table struct{ name, org, row string }

var tables = []table{
	{"users", "", "'user', '', '', id, '', email, full_name, revision"},
	{"organizations", "id", "'organization', id, '', id, created_by, name, slug, (deleted_at is not null)::text, revision"},
	{"memberships", "org_id", "'member', org_id, '', user_id, '', role, full_name, revision"},
	{"member_emails", "org_id", "'address', org_id, '', user_id, '', email"},
	{"invitations", "org_id", `'invitation', org_id, '', id, invited_by, email, role, case when accepted_at is not null then 'accepted'
		when revoked_at is not null then 'revoked' when declined_at is not null then 'declined' when expires_at > now() then 'open' else 'expired' end`},
	{"quotas", "org_id", "'quota', org_id, '', '', '', members, datasets, stored_bytes, questions_per_day, locked_at"},
	{"audit_events", "org_id", "'event', org_id, '-', id, actor_id, action, object_id, before, after"},
	{"datasets", "org_id", "'dataset', org_id, '', id, created_by, name, revision, version"},
	{"dataset_versions", "org_id", "'version', org_id, dataset_id, number, created_by, published_by"},
	{"dataset_columns", "org_id", "'column', org_id, dataset_id, column_no, created_by, name, vis"},
	{"dataset_segments", "org_id", "'segment', org_id, dataset_id, id, created_by, ''"},
	{"dataset_words", "org_id", "'words', org_id, dataset_id, column_no || '/' || page_no, created_by, words[1], vis"},
	{"dataset_chunks", "org_id", "'chunk', org_id, segment_id, column_no || '/' || chunk_no, created_by, ints[1], vis"},
	{"dataset_files", "org_id", "'file', org_id, dataset_id, version, created_by, name, vis"},
	{"analyses", "org_id", "'analysis', org_id, dataset_id, id, created_by, name"},
	{"analysis_runs", "org_id", "'run', org_id, analysis_id, id, created_by, ''"},
	{"questions", "org_id", "'question', org_id, dataset_id, id, created_by, question"},
	{"questions_asked", "org_id", "'asked', org_id, '', id, '', ''"},
}

// without are those that have nothing to do with organizations, or with what people do (seals_test.go), and are not compared; api_keys,
// whose callers TestGrid tries; and what has the policies of columns and files.
var without = []string{"sessions", "external_identities", "security_events", "idempotency_keys", "one_time_tokens", "audit_seals", "api_keys",
	"dataset_pieces", "dataset_profiles", "dataset_imports"}

func (p *property) coversEveryTable(t testing.TB) {
	names := slices.Clone(without)
	for _, table := range tables {
		names = append(names, table.name)
	}
	rows, _ := p.admin.Query(t.Context(), `select relname::text from pg_class
		where relnamespace = 'app'::regnamespace and relkind in ('r', 'p') and relname <> 'schema_version'`)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.ElementsMatch(t, all, names, "the model knows every table")
}

// selectRows reads tables without saying which rows, or only those of the people $1 and organizations $2.
func selectRows(named bool, names ...string) string {
	var parts []string
	for _, t := range tables {
		if len(names) > 0 && !slices.Contains(names, t.name) {
			continue
		}
		part := "select concat_ws('|', " + t.row + ") from app." + t.name
		switch {
		case named && t.org == "":
			part += " where id = any ($1)"
		case named:
			part += " where " + t.org + " = any ($2)"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " union all ")
}

var (
	selectEverything = selectRows(true)
	selectAsMember   = selectRows(false, "organizations", "memberships", "member_emails", "invitations", "quotas", "datasets", "dataset_versions",
		"dataset_columns", "dataset_segments", "dataset_words", "dataset_chunks", "dataset_files", "analyses", "analysis_runs", "questions", "questions_asked", "audit_events")
	selectAsPerson       = selectRows(false, "users", "organizations", "memberships", "member_emails")
	selectInvitationRows = selectRows(false, "invitations")
)
