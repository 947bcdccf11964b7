package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// modelColumn is a column as a reader sees it: cells are as JSON has them, without quotes; null where there is none.
type modelColumn struct {
	name, kind string
	scale      int
	cells      []string
}

const null = "null"

// model is the rows of a dataset, version by version.
type model struct {
	versions [][]modelColumn
	active   int // from 1
}

func (m *model) columns() []modelColumn { return m.versions[m.active-1] }

func (m *model) publish(columns []modelColumn) {
	m.versions = append(m.versions, columns)
	m.active = len(m.versions)
}

// written are the values of one kind that a file has in a column, and the type that they are found to be of.
type written struct {
	name, kind string
	scale      int
	raw        []string // empty: null
}

var writers = map[string]func(t *rapid.T, scale int) string{
	"integer": func(t *rapid.T, _ int) string { return strconv.Itoa(rapid.IntRange(-9999, 9999).Draw(t, "n")) },
	"decimal": func(t *rapid.T, scale int) string {
		n := rapid.IntRange(-9999, 9999).Draw(t, "n")
		return strconv.FormatFloat(float64(n)/[]float64{1, 10, 100, 1000}[scale], 'f', scale, 64)
	},
	"float": func(t *rapid.T, _ int) string {
		return fmt.Sprintf("%de%d", rapid.IntRange(-99, 99).Draw(t, "n"), rapid.IntRange(0, 3).Draw(t, "e"))
	},
	"boolean": func(t *rapid.T, _ int) string { return strconv.FormatBool(rapid.Bool().Draw(t, "b")) },
	"date": func(t *rapid.T, _ int) string {
		return fmt.Sprintf("2020-02-%02d", rapid.IntRange(1, 28).Draw(t, "day"))
	},
	"timestamp": func(t *rapid.T, _ int) string {
		return fmt.Sprintf("2020-02-03T04:05:%02d%sZ", rapid.IntRange(0, 59).Draw(t, "s"), rapid.SampledFrom([]string{"", "", ".25"}).Draw(t, "fraction"))
	},
	"text": func(t *rapid.T, _ int) string { return fmt.Sprintf("w, \"%d", rapid.IntRange(0, 30).Draw(t, "w")) },
}

var kinds = []string{"boolean", "date", "decimal", "float", "integer", "text", "timestamp"}

// drawWritten is a file of some of six columns.
func drawWritten(t *rapid.T) (file []written) {
	rows := rapid.IntRange(0, 6).Draw(t, "rows")
	names := rapid.Permutation([]string{"col_a", "col_b", "col_c", "col_d", "col_e", "col_f"}).Draw(t, "names")
	for _, name := range names[:rapid.IntRange(1, 6).Draw(t, "width")] {
		w := written{name: name, kind: rapid.SampledFrom(kinds).Draw(t, "kind"), raw: make([]string, rows)}
		if w.kind == "decimal" {
			w.scale = rapid.IntRange(1, 3).Draw(t, "scale")
		}
		empty := true
		for i := range w.raw {
			if rapid.IntRange(0, 3).Draw(t, "null") > 0 {
				w.raw[i], empty = writers[w.kind](t, w.scale), false
			}
		}
		if empty {
			w.kind, w.scale = "text", 0
		}
		file = append(file, w)
	}
	return file
}

func csvOf(file []written) string {
	var b strings.Builder
	for i := -1; i < len(file[0].raw); i++ {
		for j, w := range file {
			if j > 0 {
				b.WriteByte(',')
			}
			field := w.name
			if i >= 0 {
				field = w.raw[i]
			}
			b.WriteString(`"` + strings.ReplaceAll(field, `"`, `""`) + `"`)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func isNumber(kind string) bool {
	return slices.Contains([]string{"integer", "decimal", "float"}, kind)
}

func isTime(kind string) bool { return kind == "date" || kind == "timestamp" }

// read is the cell that a value becomes in a column; null where it does not fit.
func read(kind string, scale int, raw string) string {
	n, err := strconv.ParseFloat(raw, 64)
	_, fraction, _ := strings.Cut(raw, ".")
	_, notInteger := strconv.Atoi(raw)
	day := len(raw) == len("2020-02-03") && raw[:4] == "2020"
	switch {
	case raw == "" || raw == null:
		return null
	case kind == "text":
		return raw
	case kind == "integer" && notInteger == nil, kind == "decimal" && err == nil && len(fraction) <= scale && !strings.Contains(raw, "e"), kind == "float" && err == nil:
		text, _ := json.Marshal(n)
		return string(text)
	case kind == "boolean" && slices.Contains([]string{"true", "1"}, raw):
		return "true"
	case kind == "boolean" && slices.Contains([]string{"false", "0"}, raw):
		return "false"
	case kind == "date" && day, kind == "timestamp" && strings.HasSuffix(raw, "Z"):
		return raw
	case kind == "timestamp" && day:
		return raw + "T00:00:00Z"
	}
	return null
}

// as is the column with another type.
func (c modelColumn) as(kind string, scale int) modelColumn {
	cells := make([]string, len(c.cells))
	for i, cell := range c.cells {
		cells[i] = read(kind, scale, cell)
	}
	return modelColumn{c.name, kind, scale, cells}
}

// with is the column with the values of a file behind its own; asText: as the request says.
func (c modelColumn) with(w written, asText bool) modelColumn {
	kind, scale := c.kind, c.scale
	empty := !slices.ContainsFunc(w.raw, func(raw string) bool { return raw != "" })
	switch {
	case asText:
		kind, scale = "text", 0
	case empty:
	case isTime(c.kind) && isTime(w.kind) && c.kind != w.kind:
		kind = "timestamp"
	case isNumber(c.kind) && isNumber(w.kind):
		scale = max(c.scale, w.scale)
		switch {
		case c.kind == "float" || w.kind == "float":
			kind, scale = "float", 0
		case scale > 0:
			kind = "decimal"
		}
	}
	c = c.as(kind, scale)
	for _, raw := range w.raw {
		c.cells = append(c.cells, read(kind, scale, raw))
	}
	return c
}

func (w written) column() modelColumn {
	return modelColumn{w.name, w.kind, w.scale, nil}.with(w, false)
}

func nulls(n int) []string { return slices.Repeat([]string{null}, n) }

// appended is what the file makes of the columns; nil if it has none of them.
func appended(columns []modelColumn, file []written, text string) (after []modelColumn) {
	rows, met := len(columns[0].cells), 0
	for _, c := range columns {
		i := slices.IndexFunc(file, func(w written) bool { return w.name == c.name })
		if i < 0 {
			c.cells = slices.Concat(c.cells, nulls(len(file[0].raw)))
		} else {
			c = c.with(file[i], c.name == text)
			met++
		}
		after = append(after, c)
	}
	for _, w := range file {
		if !slices.ContainsFunc(columns, func(c modelColumn) bool { return c.name == w.name }) {
			c := w.column()
			if w.name == text {
				c = modelColumn{w.name, "text", 0, nil}.with(w, true)
			}
			c.cells = slices.Concat(nulls(rows), c.cells)
			after = append(after, c)
		}
	}
	if met == 0 {
		return nil
	}
	return after
}

// TestADatasetIsWhatItsVersionsMakeOfIt: after any sequence of changes the rows that are read are the model's, and what is
// stored is sound.
func TestADatasetIsWhatItsVersionsMakeOfIt(t *testing.T) {
	t.Parallel()
	o := newServer(t).newOrganization()
	rapid.Check(t, func(t *rapid.T) {
		m, file := &model{}, drawWritten(t)
		dataset := o.datasetOf(o.analyst, csvOf(file))
		m.publish(columnsOf(file))
		m.requireRead(t, o, dataset)
		for range rapid.IntRange(1, 6).Draw(t, "steps") {
			m.step(t, o, dataset)
			m.requireRead(t, o, dataset)
		}
		o.s.requireSound()
		o.owner.delete(dataset).is(http.StatusNoContent)
	})
}

func columnsOf(file []written) (columns []modelColumn) {
	for _, w := range file {
		columns = append(columns, w.column())
	}
	return columns
}

func (m *model) step(t *rapid.T, o *organization, dataset string) {
	switch rapid.SampledFrom([]string{"append", "append", "append", "replace", "types", "activate"}).Draw(t, "change") {
	case "append":
		file := drawWritten(t)
		parameters, text := []string{"on_reject", "null"}, ""
		if rapid.IntRange(0, 4).Draw(t, "text") == 0 {
			text = file[0].name
			parameters = append(parameters, "columns", fmt.Sprintf(`[{"name":%q,"type":"text"}]`, text))
		}
		after := appended(m.columns(), file, text)
		a := o.analyst.renew(dataset, "append", csvOf(file), parameters...)
		if after == nil {
			a.refused(http.StatusUnprocessableEntity, "append_other_columns")
			return
		}
		a.is(http.StatusCreated)
		m.publish(after)
	case "replace":
		file := drawWritten(t)
		o.analyst.renew(dataset, "replace", csvOf(file)).is(http.StatusCreated)
		m.publish(columnsOf(file))
	case "types":
		m.retype(t, o, dataset)
	case "activate":
		m.active = rapid.IntRange(1, len(m.versions)).Draw(t, "version")
		o.s.force("update app.datasets set version = $2 where id = $1", lastOf(dataset), m.active)
	}
}

func (m *model) retype(t *rapid.T, o *organization, dataset string) {
	after := slices.Clone(m.columns())
	var columns []object
	for i := range after {
		if i > 0 && rapid.Bool().Draw(t, "leave") {
			continue
		}
		kind, scale := rapid.SampledFrom(kinds).Draw(t, "kind"), 0
		column := object{"name": after[i].name, "type": kind, "numbers": "1234.56"}
		if kind == "decimal" {
			scale = rapid.IntRange(0, 3).Draw(t, "scale")
			column["scale"] = scale
		}
		columns = append(columns, column)
		after[i] = after[i].as(kind, scale)
	}
	o.analyst.retype(dataset, object{"columns": columns, "on_reject": "null"}).is(http.StatusCreated)
	m.publish(after)
}

func (m *model) requireRead(t *rapid.T, o *organization, dataset string) {
	detail := o.viewer.get(dataset).is(http.StatusOK)
	var types []string
	want := make([][]string, 1+len(m.columns()[0].cells))
	for _, c := range m.columns() {
		kind := c.kind
		if c.scale > 0 {
			kind += strconv.Itoa(c.scale)
		}
		types = append(types, kind)
		want[0] = append(want[0], c.name)
		for i, cell := range c.cells {
			want[i+1] = append(want[i+1], cell)
		}
	}
	require.Equal(t, types, typesOf(detail))
	require.Equal(t, want, o.viewer.table(dataset))
}
