package policies

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const threatModel = "../docs/threat-model.md"

var (
	testFunction = regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	testName     = regexp.MustCompile(`\bTest[A-Z]\w*…?`) // … stands for the rest of a name
	attackRow    = regexp.MustCompile(`(?m)^\| (\d{3}) \|.*$`)
)

// TestTheThreatModelNamesTestsThatExist, and every attack that has a test.
func TestTheThreatModelNamesTestsThatExist(t *testing.T) {
	t.Parallel()
	tests, named := testsOfTheTree(t), testName.FindAllString(document(t), -1)
	require.NotEmpty(t, named)
	for _, name := range named {
		require.True(t, slices.ContainsFunc(tests, func(test string) bool { return means(name, test) }), "%s names %s, which does not exist", threatModel, name)
	}
	for _, test := range tests {
		if strings.HasPrefix(test, "TestAttack_") || strings.HasPrefix(test, "TestNotStopped_") {
			require.True(t, slices.ContainsFunc(named, func(name string) bool { return means(name, test) }), "%s does not name %s", threatModel, test)
		}
	}
}

// TestEveryAttackHasOneRow, and what is named in it has its number.
func TestEveryAttackHasOneRow(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, row := range attackRow.FindAllStringSubmatch(document(t), -1) {
		require.False(t, seen[row[1]], "a second row %s", row[1])
		seen[row[1]] = true
		for _, name := range testName.FindAllString(row[0], -1) {
			require.True(t, !strings.HasPrefix(name, "TestAttack_") || strings.HasPrefix(name, "TestAttack_"+row[1]+"_"), "row %s names %s", row[1], name)
		}
	}
	require.NotEmpty(t, seen)
	for _, test := range testsOfTheTree(t) {
		if number, found := strings.CutPrefix(test, "TestAttack_"); found {
			require.True(t, seen[number[:3]], "%s has no row", test)
		}
	}
}

// TestEveryWayInHasARow: each begin function of begin.sql, in one table.
func TestEveryWayInHasARow(t *testing.T) {
	t.Parallel()
	begin, err := os.ReadFile("begin.sql")
	require.NoError(t, err)
	functions := regexp.MustCompile(`function app\.(begin_\w+)`).FindAllStringSubmatch(string(begin), -1)
	require.NotEmpty(t, functions)
	_, table, found := strings.Cut(document(t), "| function | called by |")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n\n")
	for _, f := range functions {
		require.Contains(t, table, "| `"+f[1]+"(")
	}
}

func document(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(threatModel)
	require.NoError(t, err)
	return string(text)
}

func testsOfTheTree(t *testing.T) (tests []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range testFunction.FindAllSubmatch(text, -1) {
			tests = append(tests, string(m[1]))
		}
		return err
	}))
	return tests
}

// means reports whether a name in the document is the test's, or the beginning of it.
func means(name, test string) bool {
	prefix, open := strings.CutSuffix(name, "…")
	return name == test || open && strings.HasPrefix(test, prefix)
}
