// Package bench measures this program against what its database can do without it: the same cluster, the same statements,
// the same rows, sample by sample in turn.
package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const usage = `insightforge bench [--quick] [--only NAME] [--kills N] [--format table|json]

  --quick        less data and fewer samples, to see that it works: its figures mean little
  --only NAME    only the figures whose name contains NAME
  --kills N      how often the server or its database is killed while it stores files; 100
  --format json  an array of {name, value, unit, goal, holds, note}

It runs this program's own server on a private PostgreSQL in a temporary directory (TMPDIR), needs about 3 GB there and
15 minutes, and removes it. pgbench and psql come from PostgreSQL's own directory.
`

// options of a run.
type options struct {
	only, format string
	quick        bool

	samples   int           // of each side of each pair
	rows      int           // of the file that is ingested and queried
	datasets  int           // planted in the organization
	elsewhere int           // planted in each of the other organizations
	load      time.Duration // of a sample of requests a second
	tries     int           // of what must never go wrong
	kills     int           // of the server or its database
	large     int64         // bytes of the file that memory is measured with
}

func parse(args []string) (options, error) {
	o := options{samples: 5, rows: 1_000_000, datasets: 1_000, elsewhere: 250, load: 3 * time.Second, tries: 1_000, kills: 100, large: 1 << 30}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&o.quick, "quick", false, "")
	flags.StringVar(&o.only, "only", "", "")
	flags.IntVar(&o.kills, "kills", o.kills, "")
	flags.StringVar(&o.format, "format", "table", "")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 || o.kills < 1 || o.format != "table" && o.format != "json" {
		return o, fmt.Errorf("wrong arguments; usage:\n%s", usage)
	}
	if o.quick {
		o.kills = min(o.kills, 6)
		o.samples, o.rows, o.datasets, o.elsewhere, o.load, o.tries, o.large = 2, 50_000, 60, 10, time.Second, 80, 64<<20
	}
	return o, nil
}

// Run measures and prints the figures on stdout and its progress on stderr. When ctx ends, or something fails, nothing
// that it started or wrote is left.
func Run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Print(usage)
		return nil
	}
	if err != nil {
		return err
	}
	figures, err := run(ctx, o)
	if err != nil {
		if ctx.Err() != nil {
			return errors.New("bench: interrupted; everything was removed")
		}
		return fmt.Errorf("bench: %w", err)
	}
	return write(os.Stdout, o.format, figures)
}

// bench is a run under way.
type bench struct {
	options
	dir     string // of everything that is written
	figures []Figure
}

func run(ctx context.Context, o options) (_ []Figure, err error) {
	dir, err := os.MkdirTemp("", "insightforge-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o711); err != nil { // started as root, PostgreSQL runs as another user
		return nil, err
	}
	b := &bench{options: o, dir: dir}
	if b.wanted("first start", "later start") {
		if err := b.starts(ctx); err != nil {
			return nil, err
		}
	}
	if b.wanted(killsPartial, killsLost) {
		if err := b.killings(ctx); err != nil {
			return nil, err
		}
	}
	if err := b.served(ctx); err != nil {
		return nil, err
	}
	if len(b.figures) == 0 {
		return nil, fmt.Errorf("no figure's name contains %q", o.only)
	}
	return b.figures, nil
}

// served are the figures that share one server.
func (b *bench) served(ctx context.Context) error {
	parts := []struct {
		names   []string
		measure func(context.Context, *subject) error
	}{
		{[]string{getDataset, listDatasets}, b.reads},
		{[]string{readsBesideLogins}, b.logins},
		{[]string{ownersLost}, b.owners},
		{[]string{refreshesLost}, b.refreshes},
		{[]string{ingestGiven, ingestInferred}, b.ingest},
		{[]string{appendRows}, b.appends},
		{[]string{deleteDataset}, b.deletes},
		{[]string{diskName}, b.disk},
		{queryNames(), b.queries},
		{[]string{auditName}, b.audit},
		{[]string{b.memoryName()}, b.memory},
		{neighbourNames(), b.neighbours},
	}
	var s *subject
	defer func() { s.close() }()
	for _, part := range parts {
		if !b.wanted(part.names...) {
			continue
		}
		if s == nil {
			var err error
			if s, err = newSubject(ctx, b.path("data")); err != nil {
				return err
			}
		}
		if err := part.measure(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// wanted says whether --only asks for one of the names.
func (b *bench) wanted(names ...string) bool {
	for _, name := range names {
		if strings.Contains(name, b.only) {
			return true
		}
	}
	return false
}

// add keeps a figure that is asked for.
func (b *bench) add(f Figure) {
	if !b.wanted(f.Name) {
		return
	}
	if b.quick {
		f.Note = strings.TrimSuffix("quick, means little; "+f.Note, "; ")
	}
	b.figures = append(b.figures, f)
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

// say tells the person at the terminal what is happening.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
