package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tenantTables are the tables whose first column is org_id, as the migrations create them.
func tenantTables(t *testing.T) []string {
	var tables []string
	migrations, err := filepath.Glob("../sql/0*.sql")
	require.NoError(t, err)
	for _, name := range migrations {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`(?s)create table app\.(\w+) \(\s*org_id uuid not null`).FindAllSubmatch(text, -1) {
			tables = append(tables, string(m[1]))
		}
	}
	require.Greater(t, len(tables), 10)
	return tables
}

// statements are the string literals of this package that mention a table, with where they stand.
func statements(t *testing.T) map[string]string {
	found := map[string]string{}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if b, ok := n.(*ast.BinaryExpr); ok { // parts of one statement
				text := ""
				for _, part := range literals(b) {
					text += part
				}
				found[set.Position(n.Pos()).String()] = text
				return false
			}
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				text, err := strconv.Unquote(l.Value)
				require.NoError(t, err)
				found[set.Position(n.Pos()).String()] = text
			}
			return true
		})
	}
	return found
}

func literals(n ast.Node) (texts []string) {
	ast.Inspect(n, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			text, _ := strconv.Unquote(l.Value)
			texts = append(texts, text)
		}
		return true
	})
	return texts
}

var reference = regexp.MustCompile(`(from|join|update|into|,)\s+app\.(\w+)(?:\s+(\w+))?`)

// TestEveryStatementOnATenantTableNamesItsOrganization: the policies hold without it, but then for each row; and a
// broken policy must not leak through a right statement. Whoever is in none names the own address.
func TestEveryStatementOnATenantTableNamesItsOrganization(t *testing.T) {
	t.Parallel()
	tables, checked := tenantTables(t), 0
	for where, text := range statements(t) {
		for _, m := range reference.FindAllStringSubmatch(text, -1) {
			verb, table, alias := m[1], m[2], m[3]
			if !slices.Contains(tables, table) {
				continue
			}
			checked++
			if verb == "into" {
				require.Regexp(t, `into app\.`+table+` \(org_id, `, text, where)
				continue
			}
			if slices.Contains([]string{"", "where", "set", "on", "order"}, alias) {
				alias = ""
			} else {
				alias += `\.`
			}
			require.Regexp(t, alias+`org_id = (\$\d|app\.org_id\(\)|any \(app\.org_ids\(\)\))|email = app\.subject\(\)`, text, where)
		}
	}
	require.Greater(t, checked, 30)
}

// TestTheFirstChangeOfAStatementIsTheOneThatCanBeRefused: whose policy refused is read off the statement. Those with more
// changes than one change what is the caller's own, or write the event of what they have changed.
func TestTheFirstChangeOfAStatementIsTheOneThatCanBeRefused(t *testing.T) {
	t.Parallel()
	own, writes := regexp.MustCompile("update app.users|into app.idempotency_keys|into app.security_events|into app.audit_events"), 0
	for where, text := range statements(t) {
		all := written.FindAllString(text, -1)
		writes += len(all)
		changes := slices.DeleteFunc(slices.Clone(all), func(w string) bool { return w == "insert into app.audit_events" })
		require.True(t, len(changes) <= 1 || own.MatchString(text), where)
		require.True(t, len(changes) == 0 || changes[0] == all[0], where)
	}
	require.Greater(t, writes, 15)
}

// TestOnlyTenantReachesTheDatabase: everything else gets a transaction from there, begun for a caller.
func TestOnlyTenantReachesTheDatabase(t *testing.T) {
	t.Parallel()
	may := map[string][]string{
		"github.com/jackc/pgx/v5/pgxpool": {"tenant", "postgres/postgrestest", "bench"},
		"pgx.Connect(":                    {"cli", "postgres", "postgres/postgrestest", "bench"},
		"SimpleProtocol":                  {"tenant"},
	}
	require.NoError(t, filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for what, where := range may {
			if strings.Contains(string(text), what) {
				require.Contains(t, where, filepath.Dir(path), "%s in %s", what, path)
			}
		}
		return err
	}))
}
