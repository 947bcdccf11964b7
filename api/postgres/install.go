package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const minMajor = 15

// install is a directory with the binaries of one PostgreSQL.
type install struct {
	dir   string
	major int
}

func (i install) path(name string) string { return filepath.Join(i.dir, name) }

func (i install) String() string { return fmt.Sprintf("PostgreSQL %d (%s)", i.major, i.dir) }

// searchPath lists where binaries are looked for, best first: directories and patterns of directories.
func searchPath() []string {
	search := filepath.SplitList(os.Getenv("PATH"))
	search = append(search,
		"/usr/lib/postgresql/*/bin",               // Debian, Ubuntu
		"/usr/pgsql-*/bin",                        // PGDG packages for RHEL and Fedora
		"/opt/homebrew/opt/postgresql@*/bin",      // Homebrew, Apple silicon
		"/usr/local/opt/postgresql@*/bin",         // Homebrew, Intel
		"/home/linuxbrew/.linuxbrew/opt/pos*/bin", // Homebrew, Linux
	)
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		search = append(search, strings.TrimSpace(string(out)))
	}
	return search
}

// find picks the binaries for the cluster in data, or for a new one: the first that is new enough, and of the very
// major version that made the cluster.
func find(ctx context.Context, search []string, data string) (install, error) {
	want, err := clusterMajor(data)
	if err != nil {
		return install{}, err
	}
	var unfit []install
	for _, dir := range candidates(search) {
		found, ok := inspect(ctx, dir)
		if ok && found.major >= minMajor && (want == 0 || found.major == want) {
			return found, nil
		}
		if ok {
			unfit = append(unfit, found)
		}
	}
	if ctx.Err() != nil {
		return install{}, ctx.Err()
	}
	return install{}, notFound(search, unfit, data, want)
}

// clusterMajor is the major version that made the cluster in data, 0 when there is none.
func clusterMajor(data string) (int, error) {
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("%s is not a PostgreSQL data directory of a known version: %w", data, err)
	}
	return major, nil
}

// candidates are the directories of search that hold postgres and initdb, links resolved.
func candidates(search []string) []string {
	var dirs []string
	for _, pattern := range search {
		matches, _ := filepath.Glob(pattern)
		slices.SortFunc(matches, func(a, b string) int { return cmp.Compare(number(b), number(a)) })
		for _, dir := range matches {
			binary, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"))
			if err != nil {
				continue
			}
			dir = filepath.Dir(binary)
			if _, err := exec.LookPath(filepath.Join(dir, "initdb")); err == nil && !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	return dirs
}

var digits = regexp.MustCompile(`\d+`)

// number is the last number in a path such as /usr/lib/postgresql/15/bin, 0 when it has none.
func number(path string) int {
	all := digits.FindAllString(path, -1)
	if len(all) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(all[len(all)-1])
	return n
}

var versionText = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

func inspect(ctx context.Context, dir string) (install, bool) {
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	match := versionText.FindSubmatch(out)
	if err != nil || match == nil {
		return install{}, false
	}
	major, err := strconv.Atoi(string(match[1]))
	return install{dir, major}, err == nil
}

func notFound(search []string, unfit []install, data string, want int) error {
	have := "none is installed"
	if len(unfit) > 0 {
		names := make([]string, len(unfit))
		for i, u := range unfit {
			names[i] = u.String()
		}
		have = "installed: " + strings.Join(names, ", ")
	}
	if want != 0 {
		return fmt.Errorf("%s was made by PostgreSQL %d, which alone can open it (%s); install PostgreSQL %d, "+
			"convert the directory with pg_upgrade, or choose another DATA_DIR", data, want, have, want)
	}
	return fmt.Errorf("PostgreSQL %d or newer is needed (%s): looked for postgres and initdb in %s; install it with "+
		"`apt-get install postgresql` or `brew install postgresql@17`, or name a running one in DATABASE_URL",
		minMajor, have, strings.Join(search, ", "))
}
