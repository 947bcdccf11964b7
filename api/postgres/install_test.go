package postgres

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func fake(t *testing.T, path, script string) {
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755))
}

// fakeInstall makes binaries that say they are a version.
func fakeInstall(t *testing.T, dir, version string) {
	fake(t, filepath.Join(dir, "postgres"), "echo '"+version+"'")
	fake(t, filepath.Join(dir, "initdb"), "exit 1")
}

// fakeMajors makes <root>/<major>/bin for each major and returns the pattern that finds them.
func fakeMajors(t *testing.T, majors ...int) (root, pattern string) {
	root = t.TempDir()
	for _, major := range majors {
		fakeInstall(t, fmt.Sprintf("%s/%d/bin", root, major), fmt.Sprintf("postgres (PostgreSQL) %d.1 (Debian)", major))
	}
	return root, root + "/*/bin"
}

// clusterOf makes a data directory that says which major version made it.
func clusterOf(t *testing.T, major int) (data string) {
	data = filepath.Join(t.TempDir(), "postgres")
	require.NoError(t, os.Mkdir(data, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(data, "PG_VERSION"), fmt.Appendln(nil, major), 0o600))
	return data
}

func TestANewClusterTakesTheNewestMajor(t *testing.T) {
	t.Parallel()
	root, pattern := fakeMajors(t, 9, 15, 17)
	found, err := find(t.Context(), []string{pattern}, "no cluster")
	require.NoError(t, err)
	require.Equal(t, install{root + "/17/bin", 17}, found)
}

func TestTheBinariesInPathComeFirst(t *testing.T) {
	t.Parallel()
	path, elsewhere := t.TempDir(), t.TempDir()
	fakeInstall(t, path, "postgres (PostgreSQL) 16devel")
	fakeInstall(t, elsewhere, "postgres (PostgreSQL) 17.0")
	found, err := find(t.Context(), []string{path, elsewhere}, "no cluster")
	require.NoError(t, err)
	require.Equal(t, install{path, 16}, found)
}

func TestAnOldClusterTakesItsOwnMajor(t *testing.T) {
	t.Parallel()
	root, pattern := fakeMajors(t, 15, 16, 17)
	found, err := find(t.Context(), []string{pattern}, clusterOf(t, 16))
	require.NoError(t, err)
	require.Equal(t, install{root + "/16/bin", 16}, found)
}

func TestAnotherMajorsClusterIsRefused(t *testing.T) {
	t.Parallel()
	root, pattern := fakeMajors(t, 15, 17)
	data := clusterOf(t, 16)
	_, err := start(t.Context(), filepath.Dir(data), Options{}, []string{pattern})
	require.EqualError(t, err, data+" was made by PostgreSQL 16, which alone can open it (installed: PostgreSQL 17 ("+root+
		"/17/bin), PostgreSQL 15 ("+root+"/15/bin)); install PostgreSQL 16, convert the directory with pg_upgrade, or "+
		"choose another DATA_DIR")
}

func TestMissingBinariesSayWhatToInstall(t *testing.T) {
	t.Parallel()
	_, err := start(t.Context(), t.TempDir(), Options{}, []string{"/nowhere", "/usr/lib/nothing/*/bin"})
	require.EqualError(t, err, "PostgreSQL 15 or newer is needed (none is installed): looked for postgres and initdb in "+
		"/nowhere, /usr/lib/nothing/*/bin; install it with `apt-get install postgresql` or `brew install postgresql@17`, "+
		"or name a running one in DATABASE_URL")
}

func TestBinariesThatAreTooOldAreNamed(t *testing.T) {
	t.Parallel()
	root, pattern := fakeMajors(t, 13)
	_, err := find(t.Context(), []string{pattern}, "no cluster")
	require.ErrorContains(t, err, "PostgreSQL 15 or newer is needed (installed: PostgreSQL 13 ("+root+"/13/bin))")
}
