package api_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// export is what p gets: its files, and the manifest, with which they agree.
func (o *organization) export(p person) map[string]string {
	o.s.t.Helper()
	a := p.get(o.path("/export"))
	require.Equal(o.s.t, http.StatusOK, a.status, "%s", a.body)
	require.Equal(o.s.t, "application/zip", a.header.Get("Content-Type"))
	archive, err := zip.NewReader(bytes.NewReader(a.body), int64(len(a.body)))
	require.NoError(o.s.t, err)
	files := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		require.NoError(o.s.t, err)
		text, err := io.ReadAll(r)
		require.NoError(o.s.t, err)
		files[f.Name] = string(text)
	}
	require.Equal(o.s.t, "manifest.json", archive.File[len(archive.File)-1].Name)
	requireManifest(o.s.t, files)
	return files
}

func requireManifest(t *testing.T, files map[string]string) {
	t.Helper()
	var manifest struct {
		Files []struct {
			Name, SHA256 string
			Rows, Bytes  int64
		}
	}
	require.NoError(t, json.Unmarshal([]byte(files["manifest.json"]), &manifest))
	require.Len(t, manifest.Files, len(files)-1)
	for _, f := range manifest.Files {
		sum := sha256.Sum256([]byte(files[f.Name]))
		require.Equal(t, hex.EncodeToString(sum[:]), f.SHA256, f.Name)
		require.Equal(t, int64(len(files[f.Name])), f.Bytes, f.Name)
		switch lines := int64(strings.Count(files[f.Name], "\n")); {
		case strings.HasSuffix(f.Name, ".csv"):
			require.Equal(t, lines-1, f.Rows, f.Name)
		case f.Name != "README.txt" && !strings.HasSuffix(f.Name, ".source"):
			require.Equal(t, lines, f.Rows, f.Name)
		}
	}
}

// full has a row in every table.
func (s *server) full() *organization {
	s.t.Helper()
	o := s.newOrganization()
	o.run(o.analyst)
	o.owner.post(o.dataset(o.owner)+"/questions", object{"question": "how many rows"}).is(http.StatusOK)
	o.invite(o.owner, newEmail(), "ADMIN")
	o.owner.patch(o.members()+o.viewer.id.String(), object{"role": "ANALYST"}).is(http.StatusOK)
	o.newKey(o.owner, "ADMIN")
	s.stopSealing() // what there is is sealed then
	return o
}

// notExported are the columns of tables with rows of organizations that an export does not have, each with the reason. A table
// without a column is not in it at all.
var notExported = map[string]string{
	"invitations.token_hash": "a secret: who has its preimage joins",
	"api_keys.secret_hash":   "a secret",
	"quotas.locked_at":       "always null",
	"member_emails":          "in members.ndjson, as email",
	"dataset_segments":       "in the CSV files, as the order of their rows",
	"dataset_chunks":         "in the CSV files",
	"dataset_words":          "in the CSV files",
	"dataset_columns":        "in dataset.json, below their version",
	"dataset_versions":       "in dataset.json, below their dataset",
	"dataset_files":          "in dataset.json, below their version",
	"dataset_pieces":         "in the .source files",
	"dataset_profiles":       "in dataset.json, below their column",
}

// exportedTo is the file that has the rows of a table, if it is not called as the table is.
var exportedTo = map[string]string{"organizations": "organization.json", "quotas": "quotas.json", "memberships": "members.ndjson"}

// TestAnExportHasEverythingThatTheOrganizationOwns compares with the catalog: a table or a column that is added later is either
// exported or in notExported.
func TestAnExportHasEverythingThatTheOrganizationOwns(t *testing.T) {
	t.Parallel()
	o := newServer(t).full()
	files := o.export(o.owner)
	unexplained := maps.Clone(notExported)
	for table, columns := range o.s.ownedColumns() {
		_, not := notExported[table]
		delete(unexplained, table)
		if not {
			continue
		}
		var row object
		require.NoError(t, json.Unmarshal([]byte(firstLine(files, table)), &row), "table %s", table)
		for _, column := range columns {
			_, has := row[column]
			_, not := notExported[table+"."+column]
			delete(unexplained, table+"."+column)
			require.NotEqual(t, has, not, "column %s.%s is to be exported or in notExported", table, column)
		}
	}
	require.Empty(t, unexplained, "in notExported, and not in the database")
}

// firstLine of the file with the rows of a table.
func firstLine(files map[string]string, table string) string {
	name, named := exportedTo[table]
	if !named {
		name = table + ".ndjson"
	}
	if table == "datasets" {
		names := slices.Sorted(maps.Keys(files))
		name = names[slices.IndexFunc(names, func(name string) bool { return strings.HasSuffix(name, "/dataset.json") })]
	}
	line, _, _ := strings.Cut(files[name], "\n")
	return line
}

// ownedColumns are the columns of each table that has rows of organizations.
func (s *server) ownedColumns() map[string][]string {
	s.t.Helper()
	rows, _ := s.admin.Query(s.t.Context(), `
		select c.relname::text, array_agg(a.attname::text) from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
		where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p')
		  and (c.relname = 'organizations' or exists (select from pg_attribute where attrelid = c.oid and attname = 'org_id'))
		group by c.relname`)
	columns := map[string][]string{}
	var table string
	var names []string
	_, err := pgx.ForEachRow(rows, []any{&table, &names}, func() error {
		columns[table], names = names, nil
		return nil
	})
	require.NoError(s.t, err)
	require.Greater(s.t, len(columns), 14)
	return columns
}

// TestAnExportHasNothingOfAnotherOrganization: what belongs to the other one, with the same people in it, has its marks.
func TestAnExportHasNothingOfAnotherOrganization(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	o, other := s.full(), s.full()
	other.force(o.owner, "OWNER")
	o.owner.patch(other.path(""), object{"name": "MARKED"}).is(http.StatusOK)
	other.upload(o.owner, "MARKED,marks\nMARKED,MARKED\n").is(http.StatusCreated)
	o.owner.post(other.path("/analyses"), object{"name": "MARKED", "dataset_id": lastOf(other.dataset(o.owner)), "query": count}).is(http.StatusCreated)
	s.force("update app.questions set question = 'MARKED' where org_id = $1", other.id)
	other.invite(o.owner, "marked-"+uuid.NewString()+"@example.com", "VIEWER")
	s.force("update app.memberships set full_name = 'MARKED' where org_id = $1", other.id)

	whole := func(files map[string]string) string { return strings.Join(slices.Sorted(maps.Values(files)), "\n") }
	own := whole(o.export(o.owner))
	require.NotRegexp(t, "(?i)marked", own)
	require.NotContains(t, own, other.id.String())
	require.Contains(t, own, o.id.String())
	require.Greater(t, strings.Count(strings.ToUpper(whole(other.export(o.owner))), "MARKED"), 10, "the marks are there to be found")
}

func TestAnExportedTableIsReadAsItWas(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	const table = "i,d,f,b,day,at,t\n" +
		"-7,10.90,1.5e300,true,2014-03-01,2014-03-01T10:00:00.5Z,\"a, \"\"b\"\"\"\n" +
		"9223372036854775807,-0.05,0.12345678901234567890,false,0001-01-01,1969-12-31T23:59:59.999999Z,007\n" +
		",1.00,,,,,\n"
	first := o.upload(o.owner, table)
	first.is(http.StatusCreated)
	again := o.upload(o.owner, o.exportedTable(o.owner, first.id()))
	require.Equal(t, first.object()["columns"], again.is(http.StatusCreated)["columns"])
	rows := func(a answer) object { return o.owner.get(a.header.Get("Location") + "/rows").is(http.StatusOK) }
	require.Equal(t, rows(first), rows(again))
}

// exportedTable is the first version of a dataset.
func (o *organization) exportedTable(p person, dataset string) string {
	o.s.t.Helper()
	text, ok := o.export(p)["datasets/"+dataset+"/1.csv"]
	require.True(o.s.t, ok)
	return text
}

func TestATableOfSeveralChunksIsExportedInItsOrder(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	var table strings.Builder
	table.WriteString("n,word\n")
	for n := range 40_000 {
		table.WriteString(strings.Repeat("1", 1+n%7) + ",w" + strings.Repeat("x", n%5) + "\n")
	}
	require.Equal(t, table.String(), o.exportedTable(o.owner, o.upload(o.owner, table.String()).id()))
}

// TestAttack_117_AnExportedFormulaIsText: and yet what was stored can be told.
func TestAttack_117_AnExportedFormulaIsText(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	table := "=header,n\n=1+1,-1\n+1,2\n-1x,3\n@sum,4\n\"\tx\",5\n\"\rx\",6\n'x,7\nplain=,8\n"
	require.Equal(t, "\"'=header\",n\n\"'=1+1\",-1\n\"'+1\",2\n\"'-1x\",3\n\"'@sum\",4\n\"'\tx\",5\n\"'\rx\",6\n\"''x\",7\nplain=,8\n",
		o.exportedTable(o.owner, o.upload(o.owner, table).id()), "numbers are numbers")
}

func TestAnExportIsOnTheRecordAlsoInItself(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	events := o.export(o.owner)["audit_events.ndjson"]
	require.Regexp(t, `"actor_id":"`+o.owner.id.String()+`".*"action":"organization.exported"`, events)
}

// TestARefusedExportIsNotBegun: an ADMIN has no archive, and there is no event of one.
func TestARefusedExportIsNotBegun(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	before := o.s.dump()
	o.admin.get(o.path("/export")).refused(http.StatusForbidden, "forbidden")
	o.s.newPerson("Otto Outsider").get(o.path("/export")).refused(http.StatusNotFound, "not_found")
	require.NotEqual(t, before, o.s.dump(), "there is one user more")
	var events int
	require.NoError(t, o.s.admin.QueryRow(t.Context(), "select count(*) from app.audit_events where action = 'organization.exported' and refusal is null").Scan(&events))
	require.Zero(t, events)
}

// large has texts that do not compress, more than what is between a server and a client that reads nothing.
func (o *organization) large(t *testing.T, files int) {
	t.Helper()
	for range files {
		var table strings.Builder
		table.WriteString("text\n")
		for table.Len() < maxUpload-100 {
			table.WriteString(uuid.NewString() + uuid.NewString() + "\n")
		}
		o.upload(o.owner, table.String()).is(http.StatusCreated)
	}
}

// download begins to read an export.
func (o *organization) download(t *testing.T) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.s.URL+o.path("/export"), nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+o.owner.token)
	response, err := o.s.Client().Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { response.Body.Close() })
	return response
}

// TestAnExportThatFailsHalfWayDoesNotLookWhole: its second dataset has a code without a word.
func TestAnExportThatFailsHalfWayDoesNotLookWhole(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	o.large(t, 1)
	o.dataset(o.owner)
	o.s.force("update app.dataset_chunks set int2s = array_fill(99::smallint, array[row_count]) where int2s is not null")
	response := o.download(t)
	require.Equal(t, http.StatusOK, response.StatusCode)
	_, err := io.ReadAll(response.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestAnExportThatFailsBeforeItsFirstByteIsAProblem(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	o.s.force("revoke select on app.invitations from insightforge_api")
	a := o.owner.get(o.path("/export"))
	a.refused(http.StatusForbidden, "forbidden")
	require.Empty(t, a.header.Get("Content-Disposition"))
}

// TestAnExportEndsWhenItsReaderHasGone: and gives back what it held.
func TestAnExportEndsWhenItsReaderHasGone(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	o.large(t, 8)
	for range 3 {
		response := o.download(t)
		require.Equal(t, http.StatusOK, response.StatusCode, "the one before has given back its place")
		_, err := io.ReadFull(response.Body, make([]byte, 1000))
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
	}
	require.Eventually(t, func() bool {
		var running int
		err := o.s.admin.QueryRow(t.Context(), "select count(*) from pg_stat_activity where datname = current_database() and state <> 'idle' and pid <> pg_backend_pid()").Scan(&running)
		return err == nil && running == 0
	}, 10*time.Second, 10*time.Millisecond)
}

// TestTheReadmeOfAnExportNamesItsFiles.
func TestTheReadmeOfAnExportNamesItsFiles(t *testing.T) {
	t.Parallel()
	o := newServer(t).full()
	readme, err := os.ReadFile("export_readme.txt")
	require.NoError(t, err)
	for name := range o.export(o.owner) {
		name = regexp.MustCompile(`[0-9a-f-]{36}`).ReplaceAllString(name, "ID")
		require.Contains(t, string(readme)+"README.txt", strings.Replace(name, "/1.csv", "/VERSION.csv", 1))
	}
}
