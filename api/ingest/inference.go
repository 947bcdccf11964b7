package ingest

import (
	"bytes"
	"errors"
	"io"
	"math"
	"slices"
)

// earlyRows is how many rows have the values of every column counted, whatever they look like: a column that turns out
// to be text among them needs no second look.
const earlyRows = 1024

// inference is pass one: it sees every row.
type inference struct {
	opt      *Options
	nulls    *nullWords
	header   *header
	profiles []profile
	clues    []clues
	words    *vocabulary
	rows     int64
	short    Warning
	rejected Rejections
	last     int64      // the row after which to read no further
	decided  []*encoder // of the columns whose types are given, in the second look that rejections need; nil before
	stash    *stash     // of the first look, unless the rows come in another order; nil else
}

// infer reads a CSV file to its end.
func infer(s *scanner, opt *Options, decided []*encoder, keep *stash) (*inference, error) {
	f := &inference{opt: opt, nulls: newNullWords(opt.Nulls), decided: decided, last: math.MaxInt64, stash: keep}
	if err := f.begin(s); err != nil {
		return nil, err
	}
	err := s.next()
	for ; err == nil && f.rows < f.last; err = s.next() {
		s.record++
		if s.extra > 0 {
			f.rejectRow(s)
		} else {
			f.add(s)
		}
	}
	f.stash.finish()
	var fault *Error
	switch told := f.refuses() && f.rejected.any(); {
	case told && (err == nil || err == io.EOF || errors.As(err, &fault) && !errors.Is(err, errBackslash)):
		return nil, f.rejected.refuse(f.header.width())
	case err != nil && err != io.EOF:
		return nil, err
	}
	return f, f.end(s)
}

func (f *inference) refuses() bool { return f.opt.Reject == "" || f.opt.Reject == RejectFile }

// begin reads the first record.
func (f *inference) begin(s *scanner) error {
	h, err := s.header(f.opt)
	if err != nil {
		return err
	}
	columns, err := h.assign(f.opt)
	if err != nil {
		return err
	}
	s.byRecord = f.opt.Records
	f.header, f.words, f.clues = h, newVocabulary(h.width()), make([]clues, h.width())
	if f.stash != nil {
		f.stash.begin(f.words, f.clues)
	}
	f.profiles = make([]profile, h.width())
	for i := range f.profiles {
		f.profiles[i] = newProfile(columns[i])
		if f.decided != nil && f.profiles[i].kind == assigned {
			f.profiles[i].given.decided = f.decided[i]
		}
	}
	if h.kind == HeaderAbsent {
		s.record = 1
		f.add(s)
	}
	return nil
}

// end decides whether the first record was a header, and what is left open.
func (f *inference) end(s *scanner) error {
	if f.header.kind == "" {
		f.header.kind = HeaderPresent
		if f.headless() {
			f.header.kind = HeaderAbsent
			f.stash = nil // the first row comes last
			f.header.replay(s)
			f.add(s)
		}
	}
	return f.header.name()
}

func (f *inference) add(s *scanner) {
	if f.decided != nil && f.opt.Reject == RejectRow && !f.keeps(s) {
		return
	}
	if s.count < len(f.profiles) {
		f.addShort(s)
	}
	early := f.rows < earlyRows
	f.rows++
	fields, buf, nulls := s.fields[:len(f.profiles)], s.buf, f.nulls
	words := f.words
	var kept []stashed
	row := 0
	if f.stash != nil {
		kept, row = f.stash.columns, f.stash.block.rows
	}
	for i := range f.profiles {
		p, v := &f.profiles[i], buf[fields[i].start:fields[i].end]
		if len(v) == 0 {
			p.empty++
			continue
		}
		if nulls != nil && nulls.has(v) {
			p.tokens++
			continue
		}
		if p.kind != text {
			before := p.kind
			p.reach.last.known = false
			if !p.fit(v) && !p.addOdd(v, nulls) {
				f.rejectCell(s, i)
			}
			if kept != nil {
				kept[i].keep(row, p, before, nulls != nil)
			}
		}
		switch {
		case early || kept == nil && p.kind == text:
			code, fresh := words.add(i, v)
			if fresh {
				f.clues[i].add(v)
			}
			if kept != nil && p.kind == text {
				kept[i].put(row, int64(code), 0)
			}
		case p.kind != text:
			p.untracked = true
		case !p.untracked: // else it is counted in the end
			f.stash.putWord(i, v)
		}
	}
	if kept != nil {
		f.stash.endRow(f.rows == earlyRows, s.offset+int64(s.pos))
	}
	if f.rows == earlyRows {
		f.forgetTyped()
	}
}

// keeps tells whether the columns whose types are given take the row; if not, it is skipped.
func (f *inference) keeps(s *scanner) bool {
	skipped := false
	for i := range f.profiles {
		if e := f.decided[i]; e != nil && !e.keeps(s.field(i)) {
			f.rejected.addCell(s, i, e)
			skipped = true
		}
	}
	f.rejected.Rows += one(skipped)
	return !skipped
}

// rejectCell rejects a cell in the second look; the first only looks for what most values are.
func (f *inference) rejectCell(s *scanner, i int) {
	if f.decided == nil {
		return
	}
	f.profiles[i].rejected++
	f.rejected.addCell(s, i, f.decided[i])
}

func (f *inference) rejectRow(s *scanner) {
	f.rejected.addRow(s)
	if f.refuses() && f.last == math.MaxInt64 {
		f.last = f.rows + furtherRows
	}
	if f.refuses() && len(f.rejected.First) == maxRejections {
		f.last = 0
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
	for i := range f.profiles {
		p := &f.profiles[i]
		if p.kind == text {
			continue
		}
		f.clues[i].distinct = f.words.columns[i].n
		f.words.forget(i)
		p.untracked = p.kind != unknown || p.tokens > 0 && f.nulls == nil
	}
}

// headless tells whether the first record is one of values: it has some that fit the types of the columns below, where
// these are not text, and none that does not fit. Years in turn, or above numbers that are none, are names.
func (f *inference) headless() bool {
	var cells, above [][]byte // that fit; years above texts
	years := true             // all columns below can be years
	for i := range f.profiles {
		p, v := f.profiles[i].clone(), f.header.cell(i)
		if p.kind == text || p.kind == unknown || p.kind == boolean && !p.words.whole() || f.null(bytes.TrimSpace(v)) {
			if isYear(v) {
				above = append(above, v)
			}
			continue
		}
		before := p.kind
		if !p.fit(v) && !p.addOdd(v, f.nulls) || !p.kind.like(before) {
			return false
		}
		cells = append(cells, v)
		years = years && p.digits <= 4 && p.scale == 0 && p.amounts == nil
	}
	if len(cells) > 0 && !years {
		cells = append(cells, above...)
	}
	return len(cells) > 0 && !areYears(cells, years)
}

func (f *inference) null(trimmed []byte) bool {
	if f.nulls != nil {
		return f.nulls.has(trimmed)
	}
	return isNull(trimmed)
}

// like tells whether k and other are both numbers, both days or instants, or the same.
func (k kind) like(other kind) bool {
	families := [...]kind{integer: integer, decimal: integer, float: integer, huge: integer, date: date, timestamp: date, assigned: assigned, text: text}
	return families[k] == families[other]
}

// areYears tells whether the cells are two or more years, and if there are years below, each after the one before, or
// each before it.
func areYears(cells [][]byte, below bool) bool {
	years := make([]int64, len(cells))
	for i, cell := range cells {
		if !isYear(cell) {
			return false
		}
		years[i], _ = parseInteger(bytes.TrimSpace(cell))
	}
	rising := slices.IsSorted(years)
	slices.Reverse(years)
	falling := slices.IsSorted(years)
	return len(years) > 1 && (!below || rising != falling)
}

func isYear(cell []byte) bool {
	n, ok := parseInteger(bytes.TrimSpace(cell))
	return ok && n >= 1000 && n <= 2999
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

// recount counts the words of the columns that became text late; r is at the first row.
func (f *inference) recount(r *rows) error {
	var late []int
	for i := range f.profiles {
		if p := &f.profiles[i]; p.kind == text && p.untracked {
			f.words.forget(i)
			f.clues[i] = clues{}
			late = append(late, i)
		}
	}
	return f.words.count(r, late, f.nulls, func(i int, v []byte) { f.clues[i].add(v) })
}
