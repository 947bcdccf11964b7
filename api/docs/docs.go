// Package docs serves the pages of the API's documentation, Swagger UI and ReDoc, wholly from this program: no CDN, no
// inline script, and a Content-Security-Policy that forbids both.
package docs

import (
	"crypto/rand"
	"embed"
	"html/template"
	"net/http"
	"sync"

	"github.com/mvrilo/go-redoc"
	swagger "github.com/swaggest/swgui/v5/static"
)

//go:embed *.html *.js *.css
var files embed.FS

var pages = template.Must(template.ParseFS(files, "*.html"))

// What both pages may load: their own files and the images that the scripts carry within them. Calls go to this origin.
const policy = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "

// Register adds Swagger UI at docsPath and ReDoc at redocPath, with their files below them, to mux. Both show the
// document at openapiURL, which must be of the same origin. The paths have no slash at their end. Only GET and HEAD are
// answered.
func Register(mux *http.ServeMux, openapiURL, docsPath, redocPath string) {
	mux.Handle("GET "+docsPath, swaggerPage(docsPath, openapiURL))
	for _, name := range []string{"swagger-ui.css", "swagger-ui-bundle.js"} {
		mux.Handle("GET "+docsPath+"/"+name, compressed(name, mustRead(swagger.FS, name+".gz")))
	}
	mux.Handle("GET "+docsPath+"/favicon-32x32.png", plain("favicon-32x32.png", mustRead(swagger.FS, "favicon-32x32.png")))
	mux.Handle("GET "+docsPath+"/init.js", plain("init.js", mustRead(files, "swagger.js")))

	mux.Handle("GET "+redocPath, redocPage(redocPath, openapiURL))
	mux.Handle("GET "+redocPath+"/redoc.standalone.js", redocScript())
	mux.Handle("GET "+redocPath+"/init.js", plain("init.js", mustRead(files, "redoc.js")))
	mux.Handle("GET "+redocPath+"/nonce.js", plain("nonce.js", mustRead(files, "redoc_nonce.js")))
	mux.Handle("GET "+redocPath+"/page.css", plain("page.css", mustRead(files, "redoc.css")))
}

type page struct{ Path, OpenAPI, Nonce string }

func swaggerPage(path, openapiURL string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		writePage(w, "swagger.html", "style-src 'self'", page{Path: path, OpenAPI: openapiURL})
	}
}

// ReDoc writes its styles into an element of its own, which a nonce allows, and builds its search index in a worker made
// from a blob. A worker from a blob keeps the page's policy.
func redocPage(path, openapiURL string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		nonce := rand.Text()
		writePage(w, "redoc.html", "style-src 'self' 'nonce-"+nonce+"'; worker-src blob:",
			page{Path: path, OpenAPI: openapiURL, Nonce: nonce})
	}
}

// redocScript compresses its megabyte at the first request, not at every start of the program.
func redocScript() http.HandlerFunc {
	script := sync.OnceValue(func() http.HandlerFunc {
		return compressed("redoc.standalone.js", compress(redoc.JavaScript))
	})
	return func(w http.ResponseWriter, r *http.Request) { script()(w, r) }
}

func writePage(w http.ResponseWriter, name, styles string, data page) {
	secure(w)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy+styles)
	h.Set("Cache-Control", "no-store")
	// An error here is a client that went away.
	_ = pages.ExecuteTemplate(w, name, data)
}

func secure(w http.ResponseWriter) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "no-referrer")
}
