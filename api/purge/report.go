package purge

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
)

// Report says what was removed; in a dry run, what would be.
type Report struct {
	DryRun        bool           `json:"dry_run"`
	Organizations []Organization `json:"organizations"`
}

// Organization that was purged.
type Organization struct {
	ID        uuid.UUID `json:"id"`
	Name      string    `json:"name"`
	Slug      string    `json:"slug"`
	DeletedAt time.Time `json:"deleted_at"`
	Tables    []Table   `json:"tables"`
}

// Table and how many rows of the organization were in it.
type Table struct {
	Name string `json:"name"`
	Rows int64  `json:"rows"`
}

// Formats of a report.
var Formats = []string{"text", "json"}

// Write writes the report in one of the [Formats].
func (r *Report) Write(w io.Writer, format string) error {
	if format == "json" {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(r.Organizations) == 0 {
		fmt.Fprintln(table, "Nothing to purge: no organization was deleted more than 30 days ago.")
	}
	for _, o := range r.Organizations {
		o.write(table, map[bool]string{true: "would be removed", false: "removed"}[r.DryRun])
	}
	return table.Flush()
}

func (o Organization) write(w io.Writer, done string) {
	fmt.Fprintf(w, "%q, %s (%s), deleted %s\n", o.Name, o.Slug, o.ID, o.DeletedAt.UTC().Format(time.RFC3339))
	total := int64(0)
	for _, t := range o.Tables {
		fmt.Fprintf(w, "  %s\t%d\n", t.Name, t.Rows)
		total += t.Rows
	}
	fmt.Fprintf(w, "  rows %s\t%d\n", done, total)
}
