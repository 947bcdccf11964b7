package api

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestANameTwiceInOneObjectIsRefused(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		`{"role":"VIEWER"}`: true,
		`{"a":{"x":1},"b":{"x":1},"c":[{"x":1},{"x":1}]}`:   true,
		`["a","a",{"a":"a"}]`:                               true,
		`"a"`:                                               true,
		`{"role":"VIEWER","role":"OWNER"}`:                  false,
		`{"role":"VIEWER","r\u006fle":"OWNER"}`:             false,
		`{"q":{"m":[{"op":1,"op":2}]}}`:                     false,
		`{"q":{},"x":[],"q":{}}`:                            false,
		"{\"a\":\"\xff\"}":                                  false,
		strings.Repeat("[", 101) + strings.Repeat("]", 101): false,
		`{"a":`: false,
	} {
		var v any
		require.Equal(t, ok, unmarshalStrictly([]byte(text), &v) == nil, text)
	}
}
