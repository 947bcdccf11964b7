package demo

import (
	"context"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api"
	"github.com/insightforge/insightforge/api/mail"
	"github.com/insightforge/insightforge/api/migrate"
	"github.com/insightforge/insightforge/api/postgres/postgrestest"
	"github.com/insightforge/insightforge/api/tenant"
	"github.com/insightforge/insightforge/api/token"
)

func TestMain(m *testing.M) {
	postgrestest.Main(m, func(ctx context.Context, admin *pgx.Conn) error {
		files := migrate.Files{Migrations: os.DirFS("../../sql"), Policies: os.DirFS("../../policies")}
		return migrate.Run(ctx, admin, files, func(string) {})
	})
}

// serve starts the API on a database and returns its address, and where its mail is.
func serve(t *testing.T, database string) (url, mails string) {
	t.Helper()
	dir := t.TempDir()
	keys, err := token.LoadOrCreate(filepath.Join(dir, "keys.json"))
	require.NoError(t, err)
	db, err := tenant.Open(t.Context(), database, tenant.Options{})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	queue := mail.NewQueue(mail.Files{Dir: filepath.Join(dir, "mail"), Log: io.Discard}, mail.Options{})
	t.Cleanup(func() { queue.Close(context.Background()) })
	server := httptest.NewServer(api.NewServer(db, 4, keys, "app.expand", dir, 1<<20, api.Mails{Queue: queue}).Handler())
	t.Cleanup(server.Close)
	return server.URL, filepath.Join(dir, "mail")
}

func TestTheStoryIsPlayedToItsEnd(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	url, mails := serve(t, postgrestest.Database(t).URL("insightforge"))
	require.NoError(t, play(t.Context(), &out, url, mails, ""), out.String())
	told := out.String()
	for _, line := range []string{
		`Vera Viewer is VIEWER of Demo `, `shops: 5840 rows`, `day +date +0`, `revenue +decimal \(2 digits after the point\) +0`,
		`2024-01-01 +Bergen +shop`, `city +sum_revenue`, `Total revenue by month: 24 rows`, `top 3 "city" by total "revenue"\?`,
		`403 Not allowed`, `404 Not found`, `Everything is kept`,
	} {
		require.Regexp(t, line, told)
	}
	chart := regexp.MustCompile(`chart: (\S+)`).FindStringSubmatch(told)
	require.NotNil(t, chart)
	image, err := os.ReadFile(chart[1])
	require.NoError(t, err)
	require.NoError(t, os.Remove(chart[1]))
	require.Contains(t, string(image), "<svg")
}

func TestTheStoryIsPlayedThroughPgBouncer(t *testing.T) {
	t.Parallel()
	url, mails := serve(t, postgrestest.Database(t).PgBouncer(t, "insightforge", 2)+"&default_query_exec_mode=cache_describe")
	played := make(chan error)
	for range 3 {
		go func() {
			var out strings.Builder
			err := play(t.Context(), &out, url, mails, "")
			_ = os.Remove(regexp.MustCompile(`chart: (\S+)|$`).FindStringSubmatch(out.String())[1])
			played <- err
		}()
	}
	for range 3 {
		require.NoError(t, <-played)
	}
}

func TestTheStoryFitsTablesWithoutNumbersDatesOrTexts(t *testing.T) {
	t.Parallel()
	url, mails := serve(t, postgrestest.Database(t).URL("insightforge"))
	for name, csv := range map[string]string{
		"texts":   "name\nada\ngrace\nada\n",
		"numbers": "id,length\n1,2.5\n2,3.5\n",
		"dates":   "at\n2024-01-01\n2024-01-03\n",
		"nothing": "a,b\n,\n,\n",
		"no rows": "a,b\n",
		"strange": "\"a \"\"quoted\"\" name\",\x1b[31mred\n1.5,x\n2.5,y\n",
	} {
		file := filepath.Join(t.TempDir(), name+".csv")
		require.NoError(t, os.WriteFile(file, []byte(csv), 0o600))
		var out strings.Builder
		require.NoError(t, play(t.Context(), &out, url, mails, file), "%s\n%s", name, out.String())
		require.NotContains(t, out.String(), "\x1b")
		_ = os.Remove(regexp.MustCompile(`chart: (\S+)`).FindStringSubmatch(out.String())[1])
	}
}

func TestWithoutAServerItSaysHowToStartOne(t *testing.T) {
	t.Parallel()
	err := play(t.Context(), &strings.Builder{}, "http://127.0.0.1:1", "", "")
	require.ErrorContains(t, err, "go run .")
}

func TestWithoutTheServersMailItSaysWhereToRun(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, postgrestest.Database(t).URL("insightforge"))
	err := play(t.Context(), &strings.Builder{}, url, t.TempDir(), "")
	require.ErrorContains(t, err, "the same DATA_DIR")
}

func TestTheServerIsFoundWhereADDRSaysItListens(t *testing.T) {
	t.Parallel()
	for addr, url := range map[string]string{
		"": "http://127.0.0.1:8000", ":9000": "http://127.0.0.1:9000", "0.0.0.0:9000": "http://127.0.0.1:9000",
		"[::]:9000": "http://127.0.0.1:9000", "example.org:80": "http://example.org:80",
	} {
		require.Equal(t, url, defaultURL(addr))
	}
}

func TestTheTableOfShopsIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	require.Equal(t, shops(), shops())
	require.Equal(t, 1+shopDays*len(shopCities)*len(shopChannels), strings.Count(shops(), "\n"))
}
