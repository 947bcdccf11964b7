package api

import (
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// Opt is a property of a merge patch (RFC 7396): an omitted one stays as it is. null, which would remove it, is refused: nothing
// that has an Opt can be without it.
type Opt[T any] struct {
	value *T
	null  bool
}

// Schema is T's.
func (Opt[T]) Schema(r huma.Registry) *huma.Schema { return r.Schema(reflect.TypeFor[T](), true, "") }

// UnmarshalJSON is called for null too, which encoding/json would take for an omission.
func (o *Opt[T]) UnmarshalJSON(text []byte) error {
	o.null = string(text) == "null"
	return json.Unmarshal(text, &o.value)
}

// MarshalJSON writes null for what was omitted.
func (o Opt[T]) MarshalJSON() ([]byte, error) { return json.Marshal(o.value) }

// Resolve refuses null.
func (o *Opt[T]) Resolve(_ huma.Context, at *huma.PathBuffer) []error {
	if o.null {
		return []error{&huma.ErrorDetail{Location: at.String(), Message: "it may be omitted, but not be null"}}
	}
	return nil
}
