package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// permitted is the permission table of the design, read off the policies: what OWNER, ADMIN, ANALYST and VIEWER may do.
// own, for insert, is in one's own name.
const permitted = `
analyses delete: all all some none
analyses insert: own own some none
analyses select: all all some some
analyses update: all all none none
analysis_runs insert: own own some none
analysis_runs select: all all some some
analysis_runs update: all all none none
api_keys insert: some some some none
api_keys select: all some own none
api_keys update: some some some none
audit_events insert: some some some some
audit_events select: all all own own
audit_seals select: all all none none
dataset_chunks delete: all all some none
dataset_chunks insert: all all some none
dataset_chunks select: all all some some
dataset_chunks update: all all none none
dataset_columns insert: all all some none
dataset_columns select: all all some some
dataset_columns update: all all some none
dataset_files insert: all all some none
dataset_files select: all all some some
dataset_files update: all all none none
dataset_imports insert: own own own none
dataset_imports select: all all own own
dataset_imports update: all all own none
dataset_pieces delete: all all some none
dataset_pieces insert: all all some none
dataset_pieces select: all all some some
dataset_pieces update: all all none none
dataset_profiles insert: all all some none
dataset_profiles select: all all some some
dataset_profiles update: all all none none
dataset_segments delete: all all own none
dataset_segments insert: all all own none
dataset_segments select: all all all all
dataset_versions delete: some some some none
dataset_versions insert: own own own none
dataset_versions select: all all all all
dataset_versions update: all all own none
dataset_words delete: all all some none
dataset_words insert: all all some none
dataset_words select: all all some some
dataset_words update: all all some none
datasets delete: all all own none
datasets insert: own own own none
datasets select: all all all all
datasets update: all all own none
idempotency_keys delete: some some some some
idempotency_keys insert: own own own own
idempotency_keys select: own own own own
invitations insert: own some none none
invitations select: all some none none
invitations update: some some none none
member_emails select: all all none none
memberships delete: all some own own
memberships select: all all all all
memberships update: all some none none
organizations select: all all all all
organizations update: some some none none
questions insert: own own own none
questions select: all all own own
questions_asked insert: all all all none
questions_asked select: all all all all
quotas select: all all all all
quotas update: some some some some
`

var commands = []string{"delete", "insert", "select", "update"}

// permissions of a member: what is said of each table and command.
func (o *organization) permissions(p person) map[string]object {
	o.s.t.Helper()
	said := map[string]object{}
	for _, table := range p.get(o.path("/permissions")).is(http.StatusOK)["tables"].([]any) {
		for _, command := range commands {
			said[table.(object)["table"].(string)+" "+command] = table.(object)[command].(object)
		}
	}
	return said
}

func TestPermissionsAreTheTableOfTheDesign(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	people := []person{o.owner, o.admin, o.analyst, o.viewer}
	rows := map[string][]string{}
	for i, p := range people {
		require.Equal(t, roles[i], p.get(o.path("/permissions")).is(http.StatusOK)["role"])
		for what, permission := range o.permissions(p) {
			rows[what] = append(rows[what], permission["allowed"].(string))
		}
	}
	expected := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(permitted), "\n") {
		what, cells, _ := strings.Cut(line, ": ")
		expected[what] = cells
	}
	for what, cells := range rows {
		if text := strings.Join(cells, " "); expected[what] != "" || text != "none none none none" {
			require.Equal(t, expected[what], text, what)
		}
		delete(expected, what)
	}
	require.Empty(t, expected)
}

func TestPermissionsSayConditionsAndColumns(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	owner, admin, analyst, viewer := o.permissions(o.owner), o.permissions(o.admin), o.permissions(o.analyst), o.permissions(o.viewer)

	require.Equal(t, object{"allowed": "all", "policy": "datasets_select"}, owner["datasets select"])
	require.Equal(t, object{"allowed": "all"}, viewer["datasets select"])
	require.Equal(t, object{"allowed": "own", "condition": "created_by = app.user_id()",
		"columns": []any{"name", "updated_at", "revision", "version", "last_version", "last_column_no"}}, analyst["datasets update"])
	require.Equal(t, object{"allowed": "none", "columns": []any{}}, viewer["datasets update"])
	require.Equal(t, object{"allowed": "all", "policy": "dataset_chunks_select"}, admin["dataset_chunks select"])
	require.Equal(t, object{"allowed": "some", "condition": "vis <= 1"}, analyst["dataset_chunks select"])
	require.Equal(t, object{"allowed": "some", "condition": "vis <= 0"}, viewer["analyses select"])
	require.Equal(t, object{"allowed": "some", "condition": "created_by = app.user_id() and vis <= 1",
		"columns": []any{"name", "description", "unit", "semantic", "vis"}}, analyst["dataset_columns update"])
	require.Equal(t, object{"allowed": "some", "condition": "role in ('ANALYST', 'VIEWER')", "policy": "memberships_update",
		"columns": []any{"role", "updated_at", "revision"}}, admin["memberships update"])
	require.Equal(t, "user_id = app.user_id() or role in ('ANALYST', 'VIEWER')", admin["memberships delete"]["condition"])
	require.Equal(t, "invited_by = app.user_id() and role in ('ANALYST', 'VIEWER')", admin["invitations insert"]["condition"])
	require.Equal(t, object{"allowed": "some", "condition": "accepted_at is null and revoked_at is null and declined_at is null",
		"check":  "revoked_at is not null or (invited_by = app.user_id() and expires_at <= (now() + interval '7 days'))",
		"policy": "invitations_update", "columns": []any{"invited_by", "token_hash", "expires_at", "revoked_at", "organization_name", "invited_by_name", "resent_at"}}, owner["invitations update"])
	require.Equal(t, []any{"deleted_at is null", nil}, []any{admin["organizations update"]["condition"], admin["organizations update"]["check"]})
	require.Equal(t, "deleted_at is null or deleted_at > (now() - interval '1 minute')", owner["organizations update"]["check"])
	require.Equal(t, "user_id = app.user_id() and created_at < (now() - interval '24 hours')", viewer["idempotency_keys delete"]["condition"])
	require.Equal(t, object{"allowed": "none"}, owner["questions delete"])
	require.Equal(t, object{"allowed": "some", "check": "locked_at is null", "columns": []any{"locked_at"}}, analyst["quotas update"])
	for what, permission := range analyst {
		require.NotContains(t, permission, "policy", what)
	}
}

// TestPermissionsAreThoseInstalled: no second table of them is anywhere.
func TestPermissionsAreThoseInstalled(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	o.s.force(`alter policy datasets_update on app.datasets using (org_id = app.org_as('OWNER', 'VIEWER'))
		with check (org_id = app.org_as('OWNER', 'VIEWER') and name <> 'x')`)
	o.s.force("revoke delete on app.datasets from insightforge_api")
	o.s.force("revoke update (version) on app.datasets from insightforge_api")

	require.Equal(t, object{"allowed": "some", "check": "name <> 'x'", "columns": []any{"name", "updated_at", "revision", "last_version", "last_column_no"}},
		o.permissions(o.viewer)["datasets update"])
	require.Equal(t, object{"allowed": "none", "columns": []any{}}, o.permissions(o.analyst)["datasets update"])
	require.Equal(t, object{"allowed": "none"}, o.permissions(o.owner)["datasets delete"])

	o.s.force("drop policy memberships_delete on app.memberships")
	require.Equal(t, object{"allowed": "none"}, o.permissions(o.owner)["memberships delete"])

	o.s.force("create policy another on app.datasets for all to insightforge_api using (true)")
	o.owner.get(o.path("/permissions")).refused(http.StatusInternalServerError, "internal")
}
