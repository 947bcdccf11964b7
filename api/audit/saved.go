package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// JSON is what --save writes: one item and one line of the grid to a line of text, for diffs that can be read.
func (s Saved) JSON() ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"major\": %d,\n\"items\": [", s.Major)
	if err := eachLine(&b, s.Items); err != nil {
		return nil, err
	}
	b.WriteString("],\n\"grid\": ")
	if s.Grid == nil {
		b.WriteString("null}\n")
		return b.Bytes(), nil
	}
	callers, err := marshal(s.Grid.Callers)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&b, "{\"callers\": %s,\n\"tables\": [", callers)
	for i, table := range s.Grid.Tables {
		fmt.Fprintf(&b, "%s\n{\"table\": %q, \"lines\": [", comma(i), table.Table)
		if err := eachLine(&b, table.Lines); err != nil {
			return nil, err
		}
		b.WriteString("]}")
	}
	b.WriteString("]}}\n")
	return b.Bytes(), nil
}

func eachLine[T any](b *bytes.Buffer, values []T) error {
	for i, v := range values {
		text, err := marshal(v)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "%s\n%s", comma(i), text)
	}
	return nil
}

// marshal leaves < and > as they are.
func marshal(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return string(bytes.TrimSpace(b.Bytes())), err
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

// Load reads what JSON has written.
func Load(text []byte) (*Saved, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	s := &Saved{}
	if err := d.Decode(s); err != nil {
		return nil, fmt.Errorf("not a file that `insightforge audit --save` has written: %w", err)
	}
	if s.Grid != nil && !s.Grid.whole() {
		return nil, errors.New("not a file that `insightforge audit --save` has written: not every line has an outcome for each caller")
	}
	return s, nil
}

func (g *Grid) whole() bool {
	return !slices.ContainsFunc(g.Tables, func(t TableGrid) bool {
		return slices.ContainsFunc(t.Lines, func(l Line) bool { return len(l.Cells) != len(g.Callers) })
	})
}

// LoadFile is [Load] for a file.
func LoadFile(path string) (*Saved, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Load(text)
}

// Expected is what policies/ of this program says; policies has expected.json.
func Expected(policies fs.FS) (*Saved, error) {
	text, err := fs.ReadFile(policies, "expected.json")
	if err != nil {
		return nil, err
	}
	return Load(text)
}
