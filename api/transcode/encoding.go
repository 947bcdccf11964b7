package transcode

import (
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

const blockSize = 64 << 10

var marks = []struct {
	encoding Encoding
	mark     string
}{{UTF8, "\xef\xbb\xbf"}, {UTF16LE, "\xff\xfe"}, {UTF16BE, "\xfe\xff"}}

// decode returns the text as UTF-8. Its mark stays in CSV of UTF-8, whose reader skips it, and which passes as it is.
func (t *Table) decode(r io.Reader, head []byte, given Encoding) (io.Reader, error) {
	found := UTF8
	for _, m := range marks {
		if bytes.HasPrefix(head, []byte(m.mark)) {
			found, t.BOM = m.encoding, true
		}
	}
	if !t.BOM {
		found = byNULs(head)
	}
	if given != "" && t.BOM && given != found {
		return nil, contradiction(string(given), string(found)+" by its byte order mark")
	}
	t.Encoding = found
	if given != "" {
		t.Encoding = given
	}
	return t.decoder(r, given)
}

func (t *Table) decoder(r io.Reader, given Encoding) (io.Reader, error) {
	switch t.Encoding {
	case UTF16LE:
		return newDecoded(r, &utf16Decoder{order: binary.LittleEndian, encoding: UTF16LE}), nil
	case UTF16BE:
		return newDecoded(r, &utf16Decoder{order: binary.BigEndian, encoding: UTF16BE}), nil
	case Windows1252:
		return newDecoded(r, &windowsDecoder{}), nil
	case UTF8:
		if given == "" && !t.BOM {
			g := &guess{t: t, r: r}
			t.warnings = g.warnings
			return g, nil
		}
		return r, nil
	default:
		return nil, unsupported("The encoding that was given", "Use utf-8, utf-16le, utf-16be or windows-1252.")
	}
}

// byNULs sees UTF-16 without a mark: in the Latin letters, digits and delimiters of most tables, every other byte is NUL.
func byNULs(head []byte) Encoding {
	var nuls [2]int
	for i, c := range head {
		if c == 0 {
			nuls[i%2]++
		}
	}
	units := max(len(head)/2, 4)
	switch {
	case nuls[1]*10 >= units*4 && nuls[0]*10 < units:
		return UTF16LE
	case nuls[0]*10 >= units*4 && nuls[1]*10 < units:
		return UTF16BE
	}
	return UTF8
}

// counted counts lines for messages. Files end them in LF, CRLF or CR, so the greater count is right.
type counted struct{ lf, cr int64 }

func (c *counted) add(b []byte) {
	c.lf += int64(bytes.Count(b, []byte{'\n'}))
	c.cr += int64(bytes.Count(b, []byte{'\r'}))
}

func (c *counted) line() int64 { return 1 + max(c.lf, c.cr) }

// A decoder appends src as UTF-8 to dst and returns how much of src it used; less than all only in the middle of a
// character. atEOF says that nothing follows.
type decoder interface {
	decode(dst, src []byte, atEOF bool) (out []byte, used int, err error)
}

// decoded is a reader of text in another encoding.
type decoded struct {
	r       io.Reader
	decoder decoder
	in      []byte
	n       int // in[:n] is to be decoded
	out     []byte
	rest    []byte // of out
	err     error
}

func newDecoded(r io.Reader, d decoder) *decoded {
	return &decoded{r: r, decoder: d, in: make([]byte, blockSize), out: make([]byte, 0, 3*blockSize)}
}

func (d *decoded) Read(b []byte) (int, error) {
	for len(d.rest) == 0 {
		if d.err != nil {
			return 0, d.err
		}
		n, err := d.r.Read(d.in[d.n:])
		d.n += n
		out, used, fault := d.decoder.decode(d.out[:0], d.in[:d.n], err == io.EOF)
		d.rest, d.err = out, err
		if fault != nil {
			d.err = fault
		}
		d.n = copy(d.in, d.in[used:d.n])
	}
	n := copy(b, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

type utf16Decoder struct {
	counted
	order    binary.ByteOrder
	encoding Encoding
	begun    bool
}

func (d *utf16Decoder) decode(dst, src []byte, atEOF bool) ([]byte, int, error) {
	i, from := 0, len(dst)
	for ; i+2 <= len(src); i += 2 {
		r := rune(d.order.Uint16(src[i:]))
		if utf16.IsSurrogate(r) {
			if i+4 > len(src) && !atEOF {
				break
			}
			low := rune(0)
			if i+4 <= len(src) {
				low = rune(d.order.Uint16(src[i+2:]))
			}
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
				d.add(dst[from:])
				return dst, i, invalidEncoding(d.encoding, d.line())
			}
			i += 2
		}
		if d.begun || r != '\ufeff' {
			dst = utf8.AppendRune(dst, r)
		}
		d.begun = true
	}
	d.add(dst[from:])
	if atEOF && i < len(src) {
		return dst, i, invalidEncoding(d.encoding, d.line())
	}
	return dst, i, nil
}

// windowsDecoder decodes Windows-1252. Where that is only a guess, it also counts what speaks for UTF-8.
type windowsDecoder struct {
	counted
	guessed bool
	first   int64 // the line of the first byte that is not UTF-8
	strays  int64 // bytes that are not UTF-8
	chars   int64 // characters that are
}

// undefined tells the five bytes that Windows-1252 has no character for.
func undefined(c byte) bool { return c == 0x81 || c == 0x8d || c == 0x8f || c == 0x90 || c == 0x9d }

func (d *windowsDecoder) decode(dst, src []byte, atEOF bool) ([]byte, int, error) {
	char := 0 // the end of the last character of UTF-8
	for i, c := range src {
		if c < utf8.RuneSelf {
			dst = append(dst, c)
			continue
		}
		if undefined(c) {
			d.add(src[:i])
			return dst, i, d.fault()
		}
		if d.guessed && i >= char {
			char = i + d.judge(src[i:])
		}
		dst = utf8.AppendRune(dst, charmap.Windows1252.DecodeByte(c))
	}
	d.add(src)
	if atEOF && d.chars > d.strays {
		return dst, len(src), d.fault()
	}
	return dst, len(src), nil
}

func (d *windowsDecoder) judge(b []byte) (size int) {
	if _, size = utf8.DecodeRune(b); size > 1 {
		d.chars++
	} else {
		d.strays++
	}
	return size
}

func (d *windowsDecoder) fault() *Error {
	if d.chars > d.strays {
		return mixedEncoding(d.first)
	}
	return invalidEncoding(Windows1252, d.line())
}

// guess passes UTF-8 on, and reads as Windows-1252 what is not. It needs no second pass: while all bytes are ASCII both
// are the same, and the first other one decides. If it begins a character of UTF-8, all is UTF-8, which whoever reads
// the stream checks. If not, the rest is Windows-1252, unless more of it turns out to be UTF-8 than not.
type guess struct {
	t *Table
	r io.Reader
	counted
	decided bool
	windows *windowsDecoder
}

func (g *guess) Read(b []byte) (int, error) {
	n, err := g.r.Read(b)
	if g.decided {
		return n, err
	}
	i := ascii(b[:n])
	g.add(b[:i])
	if i == n {
		return n, err
	}
	if err := g.decide(bytes.Clone(b[i:n]), err); err != nil || i > 0 {
		return i, err
	}
	return g.r.Read(b)
}

// decide is called with the first bytes that are not ASCII.
func (g *guess) decide(rest []byte, err error) error {
	for err == nil && !utf8.FullRune(rest) {
		var c [1]byte
		var n int
		n, err = g.r.Read(c[:])
		rest = append(rest, c[:n]...)
	}
	if err != nil && err != io.EOF {
		return err
	}
	g.decided = true
	follows := g.r
	g.r = bytes.NewReader(rest)
	if err == nil {
		g.r = io.MultiReader(g.r, follows)
	}
	if _, size := utf8.DecodeRune(rest); size == 1 {
		g.windows = &windowsDecoder{counted: g.counted, guessed: true, first: g.line()}
		g.r, g.t.Encoding = newDecoded(g.r, g.windows), Windows1252
	}
	return nil
}

func (g *guess) warnings() []Warning {
	if g.windows == nil {
		return nil
	}
	return []Warning{{Code: WarnEncodingGuessed, Count: g.windows.strays, Line: g.windows.first,
		Message: "The file is not UTF-8. It was read as Windows-1252; say which encoding it has if texts look wrong."}}
}

// ascii is the length of the ASCII that b begins with.
func ascii(b []byte) int {
	i := 0
	for ; i+8 <= len(b); i += 8 {
		if binary.LittleEndian.Uint64(b[i:])&0x8080808080808080 != 0 {
			break
		}
	}
	for i < len(b) && b[i] < utf8.RuneSelf {
		i++
	}
	return i
}
