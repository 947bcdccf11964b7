// Insightforge is the backend of a multi-tenant analytics platform: see README.md.
package main

import (
	"embed"
	"io/fs"
	"os"

	"github.com/insightforge/insightforge/api/cli"
	"github.com/insightforge/insightforge/api/migrate"
)

//go:embed sql/*.sql policies/*.sql policies/expected.json
var files embed.FS

func main() {
	os.Exit(cli.Main(os.Args[1:], migrate.Files{Migrations: sub("sql"), Policies: sub("policies")}))
}

func sub(dir string) fs.FS {
	f, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // the directory is embedded above
	}
	return f
}
