package api_test

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

// contract is what the OpenAPI says of answers, as clients generated from it rely on: by operation, status and media type. What is
// not JSON has no schema.
type contract map[string]map[string]map[string]*jsonschema.Schema

func newContract(t *testing.T) contract {
	t.Helper()
	text := newServer(t).nobody().get("/api/openapi.json").body
	var document struct {
		Paths map[string]map[string]struct {
			OperationID string
			Responses   map[string]struct {
				Content map[string]struct{ Schema json.RawMessage }
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &document))
	root, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	require.NoError(t, compiler.AddResource("openapi.json", root))
	c := contract{}
	for path, methods := range document.Paths {
		for method, operation := range methods {
			c[operation.OperationID] = map[string]map[string]*jsonschema.Schema{}
			for status, response := range operation.Responses {
				schemas := map[string]*jsonschema.Schema{}
				c[operation.OperationID][status] = schemas
				for mediaType := range response.Content {
					schemas[mediaType] = nil
					if strings.HasSuffix(mediaType, "json") && !strings.HasSuffix(mediaType, "ndjson") {
						schemas[mediaType], err = compiler.Compile("openapi.json#" + pointer("paths", path, method, "responses", status, "content", mediaType, "schema"))
						require.NoError(t, err)
					}
				}
			}
		}
	}
	return c
}

// pointer is a JSON pointer in a URL's fragment.
func pointer(names ...string) (p string) {
	for _, name := range names {
		p += "/" + url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
	}
	return p
}

// holds requires that the answer is one that the OpenAPI describes.
func (c contract) holds(operation string, a answer) {
	a.t.Helper()
	status := strconv.Itoa(a.status)
	require.Contains(a.t, c[operation], status, "%s", a.body)
	if len(a.body) == 0 {
		require.Empty(a.t, c[operation][status])
		return
	}
	mediaType, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	require.NoError(a.t, err)
	if _, any := c[operation][status]["*/*"]; any {
		return
	}
	require.Contains(a.t, c[operation][status], mediaType)
	if schema := c[operation][status][mediaType]; schema != nil {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.body))
		require.NoError(a.t, err)
		require.NoError(a.t, schema.Validate(value), "%s", a.body)
	}
}
