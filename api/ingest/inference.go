package ingest

import (
	"fmt"
	"io"
)

// earlyRows is how many rows have the values of every column counted, whatever they look like: a column that turns out
// to be text among them needs no second look.
const earlyRows = 1024

// inference is pass one: it sees every row.
type inference struct {
	names     []string
	renamed   []int // numbers of columns
	ambiguous []int // numbers of columns
	profiles  []profile
	words     *vocabulary
	rows      int64
	short     Warning
}

// infer reads a CSV file to its end.
func infer(s *scanner) (*inference, error) {
	names, renamed, err := s.header()
	if err == io.EOF {
		return nil, &Error{Code: CodeEmpty, Message: "The file is empty. The first line must name the columns."}
	}
	if err != nil {
		return nil, err
	}
	f := &inference{names: names, renamed: renamed, profiles: make([]profile, len(names)), words: newVocabulary(len(names))}
	for err = s.next(); err == nil; err = s.next() {
		if s.extra > 0 {
			return nil, raggedRow(s.line(s.fields[0].start), s.extra, len(names))
		}
		f.add(s)
	}
	if err != io.EOF {
		return nil, err
	}
	f.close()
	return f, nil
}

func (f *inference) add(s *scanner) {
	if s.count < len(f.profiles) {
		f.addShort(s)
	}
	early := f.rows < earlyRows
	f.rows++
	fields, buf := s.fields[:len(f.profiles)], s.buf
	for i := range f.profiles {
		p, v := &f.profiles[i], buf[fields[i].start:fields[i].end]
		if len(v) == 0 {
			p.empty++
			continue
		}
		if p.kind != text && !p.fit(v) {
			p.addOdd(v)
		}
		if p.kind == text || early {
			f.words.add(i, v)
		} else {
			p.untracked = true
		}
	}
	if f.rows == earlyRows {
		f.forgetTyped()
	}
}

func (f *inference) addShort(s *scanner) {
	if f.short.Count == 0 {
		f.short.Line = s.line(s.fields[0].start)
	}
	f.short.Count++
}

// forgetTyped frees the words of columns that are not text.
func (f *inference) forgetTyped() {
	for i, p := range f.profiles {
		if p.kind != text {
			f.words.forget(i)
			f.profiles[i].untracked = p.kind != unknown || p.tokens > 0
		}
	}
}

func (f *inference) close() {
	for i := range f.profiles {
		if f.profiles[i].ambiguous() {
			f.ambiguous = append(f.ambiguous, i+1)
		}
		f.profiles[i].close()
	}
}

// uncounted tells whether a column became text after values of it had gone by.
func (f *inference) uncounted() bool {
	for _, p := range f.profiles {
		if p.kind == text && p.untracked {
			return true
		}
	}
	return false
}

// recount counts the words of the columns that became text late; s is at the beginning of the same file.
func (f *inference) recount(s *scanner) error {
	if _, _, err := s.header(); err != nil {
		return err
	}
	var late []int
	for i, p := range f.profiles {
		if p.kind == text && p.untracked {
			f.words.forget(i)
			late = append(late, i)
		}
	}
	err := s.next()
	for ; err == nil; err = s.next() {
		for _, i := range late {
			if v := s.field(i); len(v) > 0 {
				f.words.add(i, v)
			}
		}
	}
	if err != io.EOF {
		return err
	}
	return nil
}

func (f *inference) columns() []Column {
	columns := make([]Column, len(f.names))
	for i := range columns {
		columns[i] = f.profiles[i].column(i+1, f.names[i], &f.words.columns[i])
	}
	return columns
}

func (f *inference) warnings() (list []Warning) {
	if n := len(f.renamed); n > 0 {
		list = append(list, Warning{Code: WarnColumnsRenamed, Count: int64(n), Columns: f.renamed,
			Message: fmt.Sprintf("Columns renamed: %d. Their names were empty, not unique or had control characters.", n)})
	}
	if f.short.Count > 0 {
		list = append(list, Warning{Code: WarnShortRows, Count: f.short.Count, Line: f.short.Line,
			Message: fmt.Sprintf("Rows with fewer fields than the header: %d, the first on line %d. The missing values are null.", f.short.Count, f.short.Line)})
	}
	if n := len(f.ambiguous); n > 0 {
		list = append(list, Warning{Code: WarnAmbiguousDates, Count: int64(n), Columns: f.ambiguous,
			Message: fmt.Sprintf("Columns of dates kept as text: %d. Days and months cannot be told apart; write dates as 2006-01-02.", n)})
	}
	return list
}
