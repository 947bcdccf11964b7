package policies

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

// Attacks on hidden columns by who has found an SQL injection, beyond the catalogue. planted.sql has rows of each vis.

// telling are the tables whose rows tell something of a column.
var telling = []string{"dataset_columns", "dataset_chunks", "dataset_words", "dataset_profiles", "dataset_files", "dataset_pieces", "analyses", "analysis_runs"}

// clearances of callers of acme.
var clearances = map[string]int{asMember("olga", "acme"): 2, asMember("anna", "acme"): 1, asMember("vera", "acme"): 0, asKey("anna", "acme"): 1, asKey("vera", "acme"): 0}

func TestAHiddenColumnIsReadByNoStatement(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	for begin, clearance := range clearances {
		for _, table := range telling {
			for condition, rows := range map[string]bool{
				"vis <= %[2]d": true, "vis > %[2]d": false, "vis > %[2]d or org_id is null": false,
				"1 / (case when vis > %[2]d then 0 else 1 end) = 0":                        false, // it would fail on a row that is hidden
				"(case when vis > %[2]d then to_jsonb(t)::text else '1' end)::integer = 0": false,
			} {
				got := as(t, conn, begin, fmt.Sprintf("select from app.%[1]s t where "+condition, table, clearance))
				require.Empty(t, got.code(), "%s: %s", begin, table)
				require.Equal(t, rows, got.rows > 0, "%s: %s where %s", begin, table, condition)
			}
		}
		// What one knows of a hidden column does not lead to its values.
		for vis := range 3 {
			got := as(t, conn, begin, fmt.Sprintf(`select from app.dataset_segments s join app.dataset_chunks k on k.org_id = s.org_id and k.segment_id = s.id
				join app.dataset_words w on w.org_id = k.org_id and w.dataset_id = s.dataset_id and w.column_no = k.column_no
				where s.dataset_id = %s and k.column_no = %d`, sqlID("datasets/acme/anna"), max(1, 10*min(vis, 1)+vis)))
			require.Equal(t, vis <= clearance, got.rows > 0, "%s: vis %d", begin, vis)
		}
	}
}

// TestNobodyShowsAHiddenColumn: who does not see it changes nothing of it, and who is no OWNER or ADMIN makes no value of it visible.
func TestNobodyShowsAHiddenColumn(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	for begin, clearance := range clearances {
		for _, table := range telling {
			hidden := fmt.Sprintf("update app.%s set vis = 0 where vis > %d", table, clearance)
			require.Zero(t, as(t, conn, begin, hidden).rows, "%s: %s", begin, table)
			all := as(t, conn, begin, fmt.Sprintf("update app.%s set vis = 0", table))
			if clearance == 2 {
				require.NotZero(t, all.rows, table)
			} else if table != "dataset_columns" && table != "dataset_words" { // of own datasets, up to what they see: names and dictionaries are theirs to change
				require.Zero(t, all.rows, "%s: %s", begin, table)
			}
		}
	}
	// As anna: what she sees no more after, she may not write.
	for _, table := range []string{"dataset_columns", "dataset_words"} {
		requireRefused(t, as(t, conn, asMember("anna", "acme"), "update app."+table+" set vis = 2"), rowDenied)
	}
	requireRefused(t, as(t, conn, asMember("anna", "acme"), fmt.Sprintf("insert into app.analyses (org_id, id, dataset_id, name, query, created_by, vis) values (%s, %s, %s, 'x', '{}', %s, 2)",
		sqlOrganization("acme"), sqlID("new"), sqlID("datasets/acme/anna"), quoted("anna"))), rowDenied)
}

// TestAnErrorDoesNotNameAHiddenColumn: a name that is taken by one is refused like any other that is, without its row.
func TestAnErrorDoesNotNameAHiddenColumn(t *testing.T) {
	t.Parallel()
	conn := connect(t, postgrestest.Database(t), login)
	got := as(t, conn, asMember("anna", "acme"), "update app.dataset_columns set name = 'hidden 2' where name = 'word'")
	require.Equal(t, "23505", got.code(), "this is why the server lets only who sees all columns rename one")
	require.Empty(t, got.err.Detail)
}
