package api

import (
	"bytes"
	"encoding/json"
)

// Documents are the files in docs/ that are made from the code, by name.
func Documents() (map[string][]byte, error) {
	s := &Server{limits: newLimits(nil)}
	s.Handler()
	current, err := json.Marshal(s.api.OpenAPI())
	if err != nil {
		return nil, err
	}
	old, err := s.api.OpenAPI().Downgrade() // 3.0, for generators that read no 3.1
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		"openapi.json": indented(current), "openapi-3.0.json": indented(old), "errors.md": []byte(errorsMarkdown()),
	}, nil
}

func indented(document []byte) []byte {
	var b bytes.Buffer
	_ = json.Indent(&b, document, "", "  ") // made by json.Marshal
	b.WriteByte('\n')
	return b.Bytes()
}
