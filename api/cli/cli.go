// Package cli is the program's command line.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/insightforge/insightforge/api"
	"github.com/insightforge/insightforge/api/bench"
	"github.com/insightforge/insightforge/api/demo"
	"github.com/insightforge/insightforge/api/migrate"
)

const usage = `insightforge [command]

  serve      serve the API (the default); without DATABASE_URL on a private PostgreSQL
  migrate    bring the database of DATABASE_URL to this program's schema and policies
  audit      show whether the isolation of tenants holds in a live database: audit --help
  purge      remove organizations that were deleted more than 30 days ago: purge --help
  demo       play a first session against a running server: demo [--url URL] [FILE.csv]
  bench      measure this program against its own private PostgreSQL: bench [--quick] [--only NAME] [--format json]
  quota      show how much an organization may have, or change it: quota ORG [--members N] …
  keys       show the keys that sign tokens, or replace them while servers run: keys list, keys rotate, keys revoke
  generate   write docs/openapi.json, docs/openapi-3.0.json, docs/errors.md and docs/audit.md
  version    print the version

Configuration is in the environment: see README.md.
`

// Main runs a command and returns the exit status: 0, 1 for a failure said on stderr, 2 for a wrong command line; audit has
// its own.
func Main(args []string, files migrate.Files) int {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	command := "serve"
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	run, ok := map[string]func(context.Context, []string) error{
		"serve":   func(ctx context.Context, _ []string) error { return serve(ctx, files) },
		"migrate": func(ctx context.Context, _ []string) error { return migrateDatabase(ctx, files) },
		"audit":   func(ctx context.Context, args []string) error { return runAudit(ctx, args, files) },
		"demo":    demo.Run, "bench": bench.Run, "keys": runKeys, "quota": runQuota, "purge": runPurge, "generate": generate,
		"version": func(context.Context, []string) error { fmt.Println(api.Version); return nil },
		"help":    func(context.Context, []string) error { fmt.Print(usage); return nil },
	}[command]
	if !ok {
		fmt.Fprintf(os.Stderr, "insightforge: no command %q\n\n%s", command, usage)
		return 2
	}
	if len(args) > 0 && !slices.Contains([]string{"audit", "demo", "bench", "keys", "quota", "purge"}, command) {
		fmt.Fprintf(os.Stderr, "insightforge: %s takes no arguments\n\n%s", command, usage)
		return 2
	}
	return status(run(ctx, args))
}

// failed is an error with an exit status of its own.
type failed struct {
	error  // nil: everything is said already
	status int
}

// notParsed is what a command ends in whose line could not be parsed; help was asked for and is none.
func notParsed(err error, usage string) error {
	if errors.Is(err, flag.ErrHelp) {
		fmt.Print(usage)
		return nil
	}
	return failed{fmt.Errorf("%w\n\n%s", err, usage), 2}
}

func status(err error) int {
	if err == nil {
		return 0
	}
	f, ok := err.(failed)
	if !ok {
		f = failed{err, 1}
	}
	if f.error != nil {
		fmt.Fprintln(os.Stderr, "insightforge:", f.error)
	}
	return f.status
}

// say tells the person at the terminal what is happening.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
