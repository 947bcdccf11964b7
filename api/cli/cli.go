// Package cli is the program's command line.
package cli

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/insightforge/insightforge/api"
	"github.com/insightforge/insightforge/api/bench"
	"github.com/insightforge/insightforge/api/demo"
	"github.com/insightforge/insightforge/api/migrate"
)

const usage = `insightforge [command]

  serve      serve the API (the default); without DATABASE_URL on a private PostgreSQL
  migrate    bring the database of DATABASE_URL to this program's schema and policies
  demo       play a first session against a running server: demo [--url URL] [FILE.csv]
  bench      measure this program against its own private PostgreSQL: bench [--quick] [--only NAME] [--format json]
  generate   write docs/openapi.json, docs/openapi-3.0.json and docs/errors.md
  version    print the version

Configuration is in the environment: see README.md.
`

// Main runs a command and returns the exit status: 0, 1 for a failure said on stderr, 2 for a wrong command line.
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
		"demo":    demo.Run, "bench": bench.Run, "generate": generate,
		"version": func(context.Context, []string) error { fmt.Println(api.Version); return nil },
		"help":    func(context.Context, []string) error { fmt.Print(usage); return nil },
	}[command]
	if !ok {
		fmt.Fprintf(os.Stderr, "insightforge: no command %q\n\n%s", command, usage)
		return 2
	}
	if len(args) > 0 && command != "demo" && command != "bench" {
		fmt.Fprintf(os.Stderr, "insightforge: %s takes no arguments\n\n%s", command, usage)
		return 2
	}
	if err := run(ctx, args); err != nil {
		fmt.Fprintln(os.Stderr, "insightforge:", err)
		return 1
	}
	return 0
}

// say tells the person at the terminal what is happening.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
