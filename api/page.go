package api

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
)

// List is a page of a list, newest first.
type List[T any] struct {
	Items      []T     `json:"items" nullable:"false"`
	NextCursor *string `json:"next_cursor" doc:"Give it as cursor for the next page; null on the last one"`
}

// Page is the part of a list that is asked for.
type Page struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"At most"`
	Cursor string `query:"cursor" maxLength:"100" doc:"next_cursor of the page before"`

	before uuid.UUID
	path   string
	query  url.Values
}

// Resolve reads the cursor.
func (p *Page) Resolve(ctx huma.Context) []error {
	u := ctx.URL()
	p.path, p.query, p.before = u.Path, u.Query(), uuid.Max
	if p.Cursor == "" {
		return nil
	}
	id, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err != nil || len(id) != len(p.before) {
		return []error{&huma.ErrorDetail{Location: "query.cursor", Message: "not a cursor of this list"}}
	}
	p.before = uuid.UUID(id)
	return nil
}

// TimePage is [Page] of a list in the order of time.
type TimePage struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"At most"`
	Cursor string `query:"cursor" maxLength:"100" doc:"next_cursor of the page before"`

	before moment
	page   Page // for the link
}

// Resolve reads the cursor: a time and an id.
func (p *TimePage) Resolve(ctx huma.Context) (errs []error) {
	u := ctx.URL()
	p.page = Page{Limit: p.Limit, path: u.Path, query: u.Query()}
	p.before, errs = parseMoment(p.Cursor)
	return errs
}

// moment is a place in the order of time.
type moment struct {
	at time.Time
	id uuid.UUID
}

// parseMoment reads a cursor of a list in the order of time; without one, the zero moment.
func parseMoment(cursor string) (moment, []error) {
	if cursor == "" {
		return moment{}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) != 24 || b[0] != 0 { // microseconds up to the year 4253
		return moment{}, []error{&huma.ErrorDetail{Location: "query.cursor", Message: "not a cursor of this list"}}
	}
	return moment{time.UnixMicro(int64(binary.BigEndian.Uint64(b))), uuid.UUID(b[8:])}, nil
}

func (m moment) cursor() []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(m.at.UnixMicro())), m.id[:]...)
}

// listed is the answer to a list operation.
type listed[T any] struct {
	Link string `header:"Link" doc:"rel=next, when there is a next page"`
	Body List[T]
}

// page cuts rows, read with limit p.Limit + 1, to the page. id is the key that the list is ordered by.
func page[T any](p Page, rows []T, id func(T) uuid.UUID) *listed[T] {
	return pageAfter(p, rows, func(row T) []byte { id := id(row); return id[:] })
}

// pageAfter is [page] for a list that is ordered by something else.
func pageAfter[T any](p Page, rows []T, place func(T) []byte) *listed[T] {
	out := &listed[T]{Body: List[T]{Items: rows}}
	if len(rows) <= p.Limit {
		return out
	}
	out.Body.Items = rows[:p.Limit]
	cursor := base64.RawURLEncoding.EncodeToString(place(rows[p.Limit-1]))
	out.Body.NextCursor = &cursor
	p.query.Set("limit", strconv.Itoa(p.Limit))
	p.query.Set("cursor", cursor)
	out.Link = fmt.Sprintf(`<%s?%s>; rel="next"`, (&url.URL{Path: p.path}).EscapedPath(), p.query.Encode())
	return out
}
