package api

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// panicking is the middleware around a route that no server has.
func panicking(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("/", handler)
	s := httptest.NewServer(hardened(mux, nil))
	t.Cleanup(s.Close)
	return s
}

func TestAttack_089_APanicIsAProblemDocumentWithoutItsCause(t *testing.T) {
	t.Parallel()
	s := panicking(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Length", "3")
		panic("the secret of the cause")
	})
	response, err := s.Client().Get(s.URL)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusInternalServerError, response.StatusCode)
	require.Equal(t, "application/problem+json", response.Header.Get("Content-Type"))
	require.NotEmpty(t, response.Header.Get("X-Request-Id"))
	var p Problem
	require.NoError(t, json.NewDecoder(response.Body).Decode(&p))
	require.Equal(t, Problem{Type: "/api/errors#internal", Title: "Internal error", Status: 500, Code: "internal"}, p)
}

func TestAPanicInTheMiddleOfAnAnswerEndsTheConnection(t *testing.T) {
	t.Parallel()
	s := panicking(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(strings.Repeat("a", 10_000)))
		panic("too late")
	})
	response, err := s.Client().Get(s.URL)
	if err != nil {
		return
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.Error(t, err, "a half answer must not look like a whole one")
	require.NotContains(t, string(body), "internal")
}
