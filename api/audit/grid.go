package audit

// Grid is what happened when every kind of caller tried every command on every kind of row.
type Grid struct {
	Callers []string    `json:"callers"`
	Tables  []TableGrid `json:"tables"`
}

// TableGrid are the lines of one table.
type TableGrid struct {
	Table string `json:"table"`
	Lines []Line `json:"lines"`
}

// Line is one statement on one kind of row, by each caller.
type Line struct {
	Command      string   `json:"command"`                // select, insert, update, delete or truncate
	Variant      string   `json:"variant,omitempty"`      // what is special about the statement
	Columns      []string `json:"columns,omitempty"`      // of a select, an insert or an update; empty: those that it needs
	AllColumns   bool     `json:"all_columns,omitempty"`  // the table has no others
	Organization string   `json:"organization,omitempty"` // of the row: acme is the caller's; empty: rows of no organization, or every row
	Row          string   `json:"row"`                    // which row: own, other's, a role; "every row" is a statement without WHERE
	Cells        []string `json:"cells"`                  // an Outcome for each caller
}

// Outcomes of a statement; another one is "✔ n", n rows, or "✘ SQLSTATE".
const (
	Done        = "✔"
	NoRows      = "0"
	NoPrivilege = "✘ privilege" // permission denied
	NoCheck     = "✘ policy"    // refused by row-level security
	NotTried    = "?"           // too slow, or locked
)
