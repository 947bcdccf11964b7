package api

import (
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// listParameter is a query parameter that is a JSON array of T, as strict as a body.
type listParameter[T any] struct {
	location string
	registry huma.Registry
	schema   *huma.Schema
}

func newListParameter[T any](name string) listParameter[T] {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	return listParameter[T]{"query." + name, registry, huma.SchemaFromType(registry, reflect.TypeFor[[]T]())}
}

// parse reads the parameter; without one there are no items.
func (p listParameter[T]) parse(text string) (items []T, errs []error) {
	if text == "" {
		return nil, nil
	}
	noArray := []error{&huma.ErrorDetail{Location: p.location, Message: "not a JSON array"}}
	var value any
	if err := unmarshalStrictly([]byte(text), &value); err != nil || value == nil {
		return nil, noArray
	}
	result := &huma.ValidateResult{}
	huma.Validate(p.registry, p.schema, huma.NewPathBuffer([]byte(p.location), len(p.location)), huma.ModeWriteToServer, value, result)
	if len(result.Errors) > 0 {
		return nil, result.Errors
	}
	if err := json.Unmarshal([]byte(text), &items); err != nil {
		return nil, noArray
	}
	return items, nil
}
