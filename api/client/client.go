package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// New returns a client of the server at url. An answer that is not of the class 2xx is returned as a [*Problem].
func New(url string, options ...ClientOption) (*ClientWithResponses, error) {
	c, err := NewClient(url, options...)
	if err != nil {
		return nil, err
	}
	c.Client = problems{c.Client}
	return &ClientWithResponses{c}, nil
}

// WithToken sends the access token with every request.
func WithToken(accessToken string) ClientOption {
	return WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+accessToken)
		return nil
	})
}

// Error makes a Problem an error.
func (p *Problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s (%s)", p.Status, p.Title, p.Code)
	if p.Detail != "" {
		fmt.Fprintf(&b, ": %s", p.Detail)
	}
	for _, fault := range p.Errors {
		fmt.Fprintf(&b, "; %s %s", fault.Location, fault.Message)
	}
	return b.String()
}

// problems turns refusals into errors.
type problems struct{ HttpRequestDoer }

// problemBytes is more than any problem document of the API has.
const problemBytes = 1 << 20

// Do sends a request.
func (d problems) Do(r *http.Request) (*http.Response, error) {
	answer, err := d.HttpRequestDoer.Do(r)
	if err != nil || answer.StatusCode/100 == 2 {
		return answer, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, problemBytes))
	if err != nil {
		return nil, err
	}
	var p Problem
	if err := json.Unmarshal(text, &p); err != nil || p.Code == "" { // a proxy on the way, or not this API
		return nil, fmt.Errorf("%s answered %s without a problem document", r.URL.Redacted(), answer.Status)
	}
	return nil, &p
}

// Table is rows of cells. A cell is a json.Number with every digit, a string, a bool or nil.
type Table [][]any

// UnmarshalJSON reads numbers as json.Number.
func (t *Table) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode((*[][]any)(t))
}
