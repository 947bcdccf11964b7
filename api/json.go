package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// unmarshalStrictly refuses what encoding/json would change silently: bytes that are no UTF-8 become U+FFFD, and of two
// members with one name the last wins, or both are merged, of which only one was checked.
func unmarshalStrictly(data []byte, v any) error {
	if !utf8.Valid(data) {
		return errors.New("not UTF-8")
	}
	if err := uniqueNames(json.NewDecoder(bytes.NewReader(data))); err != nil {
		return err
	}
	return huma.DefaultJSONFormat.Unmarshal(data, v)
}

// maxDepth of a JSON document.
const maxDepth = 100

// uniqueNames reads one value and fails where an object has two members of one name. What is not JSON at all is left for
// the parser to say.
func uniqueNames(d *json.Decoder) error {
	var open []map[string]bool // of the values around: the names so far, nil for an array
	name := false              // whether the next token is a name
	for {
		token, err := d.Token()
		if err != nil {
			return nil
		}
		switch delim, ok := token.(json.Delim); {
		case ok && (delim == '{' || delim == '['):
			var names map[string]bool
			if delim == '{' {
				names = map[string]bool{}
			}
			if open = append(open, names); len(open) > maxDepth {
				return errors.New("nested too deeply")
			}
		case ok:
			open = open[:len(open)-1]
		case name:
			if names := open[len(open)-1]; names[token.(string)] {
				return errors.New("a name stands twice in one object")
			} else {
				names[token.(string)] = true
			}
			name = false
			continue
		}
		if len(open) == 0 {
			return nil
		}
		name = open[len(open)-1] != nil
	}
}
