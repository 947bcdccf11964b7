package transcode

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"os"
	"path"
	"slices"
	"strings"
)

const (
	maxWorkbook  = 64 << 20 // bytes, of the ZIP archive
	maxDirectory = 4 << 20  // bytes of the archive's directory
	maxParts     = 10_000   // files in the archive
	maxPart      = 16 << 20 // bytes of a part, save sheets and shared strings
)

func (t *Table) openXLSX(r io.Reader, opt Options) error {
	file, size, err := t.spoolAll(io.LimitReader(r, maxWorkbook+1), opt.Dir)
	if err != nil {
		return err
	}
	if size > maxWorkbook {
		return xlsxTooLarge("more than 64 MiB")
	}
	w, err := openWorkbook(t.ctx, file, size, opt.MaxBytes)
	if err != nil {
		return err
	}
	t.Encoding = UTF8
	sheet, err := w.choose(opt.Sheet)
	for _, s := range w.sheets {
		t.Sheets = append(t.Sheets, s.name)
	}
	if err != nil {
		return err
	}
	t.Sheet = sheet.name
	return t.readSheet(w, sheet, opt)
}

// workbook is a ZIP archive of XML, of which little is read: no formulas, drawings, links or macros.
type workbook struct {
	ctx      context.Context
	parts    map[string]*zip.File
	size     int64
	max      int64
	bytes    int64 // of all parts that were read
	sheets   []sheet
	texts    string // the part of shared texts
	style    string // the part of number formats
	date1904 bool
	styles   []dateStyle // of the cells' formats
}

type sheet struct {
	name, part string
	hidden     bool
}

func openWorkbook(ctx context.Context, file *os.File, size, limit int64) (*workbook, error) {
	directory := &budget{file, maxDirectory}
	archive, err := zip.NewReader(directory, size)
	if directory.left < 0 {
		return nil, xlsxTooLarge("too many parts")
	}
	if err != nil {
		return nil, damagedXLSX("", 0, "it is no ZIP archive, or cut short")
	}
	directory.left = 1 << 62
	w := &workbook{ctx: ctx, parts: map[string]*zip.File{}, size: size, max: limit}
	if len(archive.File) > maxParts {
		return nil, xlsxTooLarge("too many parts")
	}
	for _, f := range archive.File {
		name := partName(f.Name)
		if w.parts[name] != nil {
			return nil, damagedXLSX("", 0, "a part is there twice")
		}
		w.parts[name] = f
	}
	return w, w.describe()
}

func partName(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

// budget stops a reader of a directory that is too large to hold, or that lies before the file.
type budget struct {
	io.ReaderAt
	left int64
}

func (b *budget) ReadAt(p []byte, at int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 || at < 0 {
		return 0, zip.ErrFormat
	}
	return b.ReaderAt.ReadAt(p, at)
}

// describe reads which sheets there are and how dates are written.
func (w *workbook) describe() error {
	types, err := w.relations("_rels/.rels", "")
	if err != nil {
		return err
	}
	i := slices.IndexFunc(types, func(r relation) bool { return r.kind == "officeDocument" })
	if i < 0 || w.parts[partName(types[i].part)] == nil {
		return unsupported("A ZIP archive that is no XLSX workbook", "Save it as XLSX, or compress a CSV file with gzip or zstd.")
	}
	book := types[i].part
	if strings.HasSuffix(book, ".bin") {
		return unsupported("A binary workbook (XLSB)", "Save it as XLSX.")
	}
	parts, err := w.relations(path.Join(path.Dir(book), "_rels", path.Base(book)+".rels"), path.Dir(book))
	if err != nil {
		return err
	}
	for _, p := range parts {
		switch p.kind {
		case "sharedStrings":
			w.texts = p.part
		case "styles":
			w.style = p.part
		}
	}
	if err := w.readBook(book, parts); err != nil {
		return err
	}
	return w.readStyles()
}

// relation is a line of a part that says what other parts are.
type relation struct{ id, kind, part string }

func (w *workbook) relations(name, dir string) (out []relation, err error) {
	err = w.each(name, true, func(x *xmlReader) error {
		if string(x.name) != "Relationship" || string(x.attr("TargetMode")) == "External" {
			return nil
		}
		target, err := unescapeXML(nil, x.attr("Target"))
		if err != nil {
			return err
		}
		part := string(target)
		if !strings.HasPrefix(part, "/") {
			part = path.Join(dir, part)
		}
		out = append(out, relation{string(x.attr("Id")), path.Base(string(x.attr("Type"))), part})
		return nil
	})
	return out, err
}

func (w *workbook) readBook(name string, parts []relation) error {
	return w.each(name, false, func(x *xmlReader) error {
		switch string(x.name) {
		case "workbookPr":
			w.date1904 = isTrue(x.attr("date1904"))
		case "sheet":
			id := string(x.attr("id"))
			i := slices.IndexFunc(parts, func(r relation) bool { return r.id == id && r.kind == "worksheet" })
			if i < 0 {
				return nil // a chart
			}
			name, err := unescapeXML(nil, x.attr("name"))
			if err != nil {
				return err
			}
			state := string(x.attr("state"))
			w.sheets = append(w.sheets, sheet{string(name), parts[i].part, state == "hidden" || state == "veryHidden"})
		}
		return nil
	})
}

func isTrue(v []byte) bool { return string(v) == "1" || string(v) == "true" }

// choose finds the sheet of that name, or the first one that is not hidden.
func (w *workbook) choose(name string) (sheet, error) {
	i := slices.IndexFunc(w.sheets, func(s sheet) bool {
		return strings.EqualFold(s.name, name) || name == "" && !s.hidden
	})
	switch {
	case len(w.sheets) == 0:
		return sheet{}, damagedXLSX("", 0, "it has no worksheet")
	case i < 0 && name == "":
		return w.sheets[0], nil
	case i < 0:
		return sheet{}, sheetNotFound(w.names())
	}
	return w.sheets[i], nil
}

func (w *workbook) names() (names []string) {
	for _, s := range w.sheets {
		names = append(names, s.name)
	}
	return names
}

// each calls start at the start of each element of a small part. A part that is optional may be missing.
func (w *workbook) each(name string, optional bool, start func(*xmlReader) error) error {
	part, err := w.open(name)
	if optional && errors.Is(err, errMissing) {
		return nil
	}
	if err != nil {
		return w.fault("", err)
	}
	defer part.Close()
	x := newXML(&limited{part, maxPart})
	for {
		token, err := x.next()
		if err == io.EOF {
			return nil
		}
		if err == nil && token == xmlStart {
			err = start(x)
		}
		if err != nil {
			return w.fault("", err)
		}
	}
}

// limited refuses a part that is longer than left.
type limited struct {
	io.Reader
	left int64
}

func (l *limited) Read(b []byte) (int, error) {
	n, err := l.Reader.Read(b)
	if l.left -= int64(n); l.left < 0 {
		return n, xlsxTooLarge("a part that is too large")
	}
	return n, err
}

var errMissing = errors.New("a part is missing")

// open opens a part. Reading it to its end checks its length and checksum.
func (w *workbook) open(name string) (io.ReadCloser, error) {
	f := w.parts[partName(name)]
	if f == nil {
		return nil, errMissing
	}
	if f.Flags&1 != 0 {
		return nil, &Error{Code: CodeEncrypted, Message: "The workbook is encrypted. Save it without a password."}
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	return &part{w, r, r}, nil
}

// part counts what is read of all parts, and stops with the context.
type part struct {
	w *workbook
	r io.Reader
	io.Closer
}

func (p *part) Read(b []byte) (int, error) {
	if err := context.Cause(p.w.ctx); err != nil {
		return 0, err
	}
	n, err := p.r.Read(b)
	p.w.bytes += int64(n)
	if err := tooMuch(p.w.bytes, p.w.size, p.w.max); err != nil {
		return n, err
	}
	return n, err
}

// fault tells a damaged workbook from a disk that fails, and from the end of the context.
func (w *workbook) fault(sheet string, err error) error {
	var disk *os.PathError
	if isFault(err) || errors.As(err, &disk) || context.Cause(w.ctx) != nil {
		return err
	}
	what := "a part of it is cut short or not what was written"
	switch {
	case errors.Is(err, errXML):
		what = "it is not XML that a spreadsheet program writes"
	case errors.Is(err, errMissing):
		what = "a part of it is missing"
	}
	return damagedXLSX(sheet, 0, what)
}
