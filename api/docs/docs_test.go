package docs

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const openapiURL = "/api/openapi.json"

var paths = []string{"/api/docs", "/api/redoc"}

var mux = sync.OnceValue(func() *http.ServeMux {
	m := http.NewServeMux()
	Register(m, openapiURL, "/api/docs", "/api/redoc")
	return m
})

func request(method, url string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, url, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	mux().ServeHTTP(w, r)
	return w
}

var reference = regexp.MustCompile(`(?:src|href)="([^"]*)"`)

// loaded returns what the page at path loads from this server.
func loaded(t *testing.T, path string) []string {
	t.Helper()
	var urls []string
	for _, match := range reference.FindAllStringSubmatch(request("GET", path).Body.String(), -1) {
		if match[1] != "data:," {
			urls = append(urls, match[1])
		}
	}
	require.NotEmpty(t, urls)
	return urls
}

func TestPagesShowTheDocument(t *testing.T) {
	t.Parallel()
	for _, path := range paths {
		w := request("GET", path)
		require.Equal(t, 200, w.Code)
		require.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"))
		require.Contains(t, w.Body.String(), `data-openapi="`+openapiURL+`"`)
	}
}

func TestEveryReferenceOfAPageIsAnsweredHere(t *testing.T) {
	t.Parallel()
	for _, path := range paths {
		for _, url := range loaded(t, path) {
			require.True(t, strings.HasPrefix(url, path+"/"), url)
			w := request("GET", url)
			require.Equal(t, 200, w.Code, url)
			require.NotZero(t, w.Body.Len(), url)
			require.Regexp(t, `javascript|text/css|image/png`, w.Header().Get("Content-Type"), url)
		}
	}
}

func TestPagesHaveNoInlineScriptOrStyle(t *testing.T) {
	t.Parallel()
	for _, path := range paths {
		body := request("GET", path).Body.String()
		require.Contains(t, body, "<script src=")
		require.Equal(t, strings.Count(body, "<script"), strings.Count(body, "<script src="))
		require.Equal(t, strings.Count(body, "<script"), strings.Count(body, "></script>"))
		require.NotRegexp(t, `(?i)<style|\son\w+=|style=|javascript:|https?://`, body)
	}
}

func TestOurFilesNameNoOtherHost(t *testing.T) {
	t.Parallel()
	entries, err := files.ReadDir(".")
	require.NoError(t, err)
	require.Len(t, entries, 6)
	for _, entry := range entries {
		require.NotContains(t, string(mustRead(files, entry.Name())), "://")
	}
	css := request("GET", "/api/docs/swagger-ui.css").Body.String()
	require.NotRegexp(t, `@import|@font-face|url\(["']?(https?:)?//`, css)
}

func TestThePolicyForbidsOtherHostsInlineScriptsAndFrames(t *testing.T) {
	t.Parallel()
	for _, path := range paths {
		header := request("GET", path).Header()
		csp := header.Get("Content-Security-Policy")
		for _, directive := range []string{
			"default-src 'none'; ", "script-src 'self'; ", "connect-src 'self'; ", "base-uri 'none'; ",
			"form-action 'none'; ", "frame-ancestors 'none'; ", "style-src 'self'",
		} {
			require.Contains(t, csp, directive, path)
		}
		require.NotRegexp(t, `unsafe|\*|http`, csp)
		require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
		require.Equal(t, "no-referrer", header.Get("Referrer-Policy"))
	}
}

func TestTheNonceOfReDocIsNewEachTime(t *testing.T) {
	t.Parallel()
	nonce := regexp.MustCompile(`'nonce-(\w{20,})'`)
	first, second := request("GET", "/api/redoc"), request("GET", "/api/redoc")
	a := nonce.FindStringSubmatch(first.Header().Get("Content-Security-Policy"))
	b := nonce.FindStringSubmatch(second.Header().Get("Content-Security-Policy"))
	require.NotEqual(t, a[1], b[1])
	require.Contains(t, first.Body.String(), `nonce="`+a[1]+`"`)
	require.Equal(t, "no-store", first.Header().Get("Cache-Control"))
}

func TestFilesAreSecuredAndRevalidated(t *testing.T) {
	t.Parallel()
	for _, path := range paths {
		for _, url := range loaded(t, path) {
			first := request("GET", url)
			require.Equal(t, "nosniff", first.Header().Get("X-Content-Type-Options"))
			require.Contains(t, first.Header().Get("Content-Security-Policy"), "default-src 'none'")
			require.Equal(t, "public, no-cache", first.Header().Get("Cache-Control"))

			again := request("GET", url, "If-None-Match", first.Header().Get("ETag"))
			require.Equal(t, http.StatusNotModified, again.Code, url)
			require.Zero(t, again.Body.Len())
		}
	}
}

func TestGzipIsSentToWhoTakesIt(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"/api/docs/swagger-ui-bundle.js", "/api/docs/swagger-ui.css", "/api/redoc/redoc.standalone.js"} {
		plain := request("GET", url, "Accept-Encoding", "br, gzip;q=0")
		require.Empty(t, plain.Header().Get("Content-Encoding"))

		packed := request("GET", url, "Accept-Encoding", "br, gzip;q=0.5")
		require.Equal(t, "gzip", packed.Header().Get("Content-Encoding"))
		require.Equal(t, "Accept-Encoding", packed.Header().Get("Vary"))
		r, err := gzip.NewReader(packed.Body)
		require.NoError(t, err)
		unpacked, err := io.ReadAll(r)
		require.NoError(t, err)
		require.True(t, bytes.Equal(plain.Body.Bytes(), unpacked), url)
	}
}

func TestOnlyGetAndHeadAreAnswered(t *testing.T) {
	t.Parallel()
	for _, url := range append([]string{"/api/docs/init.js", "/api/redoc/redoc.standalone.js"}, paths...) {
		require.Equal(t, 200, request("HEAD", url).Code)
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
			require.Equal(t, http.StatusMethodNotAllowed, request(method, url).Code, method+" "+url)
		}
	}
	require.Equal(t, http.StatusNotFound, request("GET", "/api/docs/swagger-ui.js").Code)
}
