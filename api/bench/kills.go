package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	killsPartial = "kills: datasets that are not whole"
	killsLost    = "kills: acknowledged datasets lost"
)

const (
	killUploaders = 3
	killRows      = 20_000                 // of a file, at most: more than one chunk
	killWithin    = 500 * time.Millisecond // of the first upload's start
	mendTimeout   = time.Minute            // for the database to be there again
)

// killed is a server that is killed, or its database, again and again while files are uploaded to it.
type killed struct {
	*server
	*client
	mu           sync.Mutex
	acknowledged map[string]bool // datasets
	cutOff       int             // uploads that got no answer, or a refusal
	whole        map[string]bool // datasets that were looked at
	partial      map[string]bool
}

// victims are what is killed in turn.
var victims = []struct {
	name string
	kill func(context.Context, *killed) error
}{
	{"server", func(_ context.Context, k *killed) error { return k.cmd.Process.Kill() }},
	{"postmaster", func(_ context.Context, k *killed) error { return k.killPostmaster() }},
	{"backend", func(ctx context.Context, k *killed) error { return k.killBackend(ctx) }},
}

// killings counts, after so many kills at random moments, the datasets that can be seen and are not whole, and those whose upload
// was answered and that are not there.
func (b *bench) killings(ctx context.Context) (err error) {
	begun := time.Now()
	k := &killed{acknowledged: map[string]bool{}, whole: map[string]bool{}, partial: map[string]bool{}}
	if k.server, err = start(ctx, b.path("kills")); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.stop()) }()
	if k.client, err = register(ctx, k.server.addr); err != nil {
		return err
	}
	for i := range b.kills {
		if err := k.once(ctx, i); err != nil {
			return fmt.Errorf("kill %d: %w", i+1, err)
		}
		if (i+1)%10 == 0 {
			say("kill %d of %d: %d datasets acknowledged", i+1, b.kills, len(k.acknowledged))
		}
	}
	clear(k.whole) // and once more, after all that came later
	lost, err := k.check(ctx)
	if err != nil {
		return err
	}
	unanswered := len(k.whole) - len(k.acknowledged) + lost
	note := fmt.Sprintf("of %d seen; %d kills, of server, postmaster and backend in turn, cut off %d uploads, %d of which had been stored; %.0f s",
		len(k.whole)+len(k.partial), b.kills, k.cutOff, unanswered, time.Since(begun).Seconds())
	b.add(figure(killsPartial, float64(len(k.partial)), "datasets", goal{"≤", 0}, note))
	b.add(figure(killsLost, float64(lost), "datasets", goal{"≤", 0}, fmt.Sprintf("of %d", len(k.acknowledged))))
	return nil
}

// once uploads until something is killed, has it mended, and looks at what is there that was not looked at.
func (k *killed) once(ctx context.Context, i int) error {
	if i%50 == 0 { // a token lasts ten minutes
		if err := errors.Join(k.signIn(ctx), k.sql(ctx, func(admin *pgx.Conn) error {
			_, err := admin.Exec(ctx, "update app.quotas set datasets = 1000000")
			return err
		})); err != nil {
			return err
		}
	}
	uploading, stop := context.WithCancel(ctx)
	var uploaders sync.WaitGroup
	for range killUploaders {
		uploaders.Go(func() { k.uploadOn(uploading) })
	}
	time.Sleep(rand.N(killWithin))
	err := victims[i%len(victims)].kill(ctx, k)
	time.Sleep(rand.N(20 * time.Millisecond)) // some uploads begin when it has happened
	stop()
	uploaders.Wait()
	if err != nil {
		return err
	}
	if err := k.mend(ctx); err != nil {
		return err
	}
	_, err = k.check(ctx)
	return err
}

// uploadOn uploads one file after the other. The name of a dataset says how many rows it is to have.
func (k *killed) uploadOn(ctx context.Context) {
	for ctx.Err() == nil {
		rows := 1 + rand.IntN(killRows)
		var dataset struct{ ID string }
		err := k.do(ctx, http.MethodPost, k.datasets()+"?name=rows-"+strconv.Itoa(rows), "text/csv", strings.NewReader(killFile(rows)), &dataset)
		k.mu.Lock()
		if err == nil {
			k.acknowledged[dataset.ID] = true
		} else {
			k.cutOff++
		}
		k.mu.Unlock()
	}
}

// killFile has the numbers from 1, and a text of each of 100.
func killFile(rows int) string {
	var b strings.Builder
	b.WriteString("number,word\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d,word %d\n", i+1, i%100)
	}
	return b.String()
}

func (k *killed) killPostmaster() error {
	text, err := os.ReadFile(filepath.Join(k.dataDir, "postgres", "postmaster.pid"))
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return kill(first)
}

// killBackend kills one of those that serve the server, after which PostgreSQL starts all of them anew.
func (k *killed) killBackend(ctx context.Context) error {
	return k.sql(ctx, func(admin *pgx.Conn) error {
		var pid string
		const one = "select pid::text from pg_stat_activity where usename = 'insightforge' order by state <> 'active', random() limit 1"
		if err := admin.QueryRow(ctx, one).Scan(&pid); err != nil {
			return err
		}
		return kill(pid)
	})
}

func kill(pid string) error {
	n, err := strconv.Atoi(pid)
	if err != nil || n <= 1 {
		return fmt.Errorf("no process: %q", pid)
	}
	return syscall.Kill(n, syscall.SIGKILL)
}

// sql does something as the superuser.
func (k *killed) sql(ctx context.Context, do func(*pgx.Conn) error) error {
	url, err := k.databaseURL("postgres")
	if err != nil {
		return err
	}
	admin, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer admin.Close(context.WithoutCancel(ctx))
	return do(admin)
}

// mend starts the server if it was killed; its database, if that was, the server starts.
func (k *killed) mend(ctx context.Context) (err error) {
	select {
	case <-k.exited:
		if k.server, err = start(ctx, k.dataDir); err != nil {
			return err
		}
		k.client.addr = k.server.addr
	case <-time.After(200 * time.Millisecond): // longer than a killed process is waited for
	}
	ctx, cancel := context.WithTimeout(ctx, mendTimeout)
	defer cancel()
	for {
		var none []byte
		if err = k.do(ctx, http.MethodGet, k.datasets()+"?limit=1", "", nil, &none); err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// check looks at the datasets that were not found whole before, and counts the acknowledged ones that are not there.
func (k *killed) check(ctx context.Context) (lost int, err error) {
	names := map[string]string{}
	err = k.sql(ctx, func(admin *pgx.Conn) error {
		rows, err := admin.Query(ctx, "select id::text, name from app.datasets where org_id = $1", k.org)
		if err != nil {
			return err
		}
		var id, name string
		_, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error { names[id] = name; return nil })
		return err
	})
	if err != nil {
		return 0, err
	}
	for id, name := range names {
		if k.whole[id] {
			continue
		}
		whole, err := k.isWhole(ctx, id, name)
		if err != nil {
			return 0, err
		}
		if whole {
			k.whole[id] = true
		} else {
			k.partial[id] = true
		}
	}
	for id := range k.acknowledged {
		if _, ok := names[id]; !ok {
			lost++
		}
	}
	return lost, nil
}

// isWhole compares the sums of a dataset with those that its name tells.
func (k *killed) isWhole(ctx context.Context, id, name string) (bool, error) {
	rows, err := strconv.Atoi(strings.TrimPrefix(name, "rows-"))
	if err != nil {
		return false, err
	}
	var result struct{ Rows [][]any }
	var answer []byte
	const sums = `{"measures": [{"op": "count"}, {"op": "sum", "column": "number"}, {"op": "count_distinct", "column": "word"}]}`
	if err := k.do(ctx, http.MethodPost, k.datasets(id, "query"), "application/json", strings.NewReader(sums), &answer); err != nil {
		say("%v", err)
		return false, nil // one that cannot be read is not whole
	}
	if err := json.Unmarshal(answer, &result); err != nil {
		return false, err
	}
	return fmt.Sprint(result.Rows) == fmt.Sprintf("[[%v %v %v]]", float64(rows), float64(rows)*float64(rows+1)/2, float64(min(rows, 100))), nil
}
