package transcode

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"
)

type xmlToken int

const (
	xmlStart xmlToken = iota + 1
	xmlEnd
	xmlText
)

var errXML = errors.New("invalid XML")

// xmlReader cuts the XML of a workbook into tokens. Of XML it knows what spreadsheets are written in: UTF-8, no document
// types, and so no entities but the five predefined ones. A token is at most as long as a record. encoding/xml would do,
// at a tenth of the speed.
type xmlReader struct {
	r        io.Reader
	buf      []byte
	pos, end int
	eof      bool
	names    []byte // of the elements that are open
	ends     []int  // of their names
	closing  bool   // the element of the token is empty, so its end comes next
	name     []byte // of the element, without its prefix
	attrs    []byte // of the start of an element
	text     []byte // not yet unescaped, unless raw
	raw      bool
}

func newXML(r io.Reader) *xmlReader { return &xmlReader{r: r, buf: make([]byte, maxRecord+blockSize)} }

// next returns the next token, whose parts are valid until it is called again; io.EOF after the last one, where every
// element is closed.
func (x *xmlReader) next() (xmlToken, error) {
	if x.closing {
		x.closing = false
		return xmlEnd, x.close(x.name)
	}
	for {
		if err := x.need(1); err != nil {
			if err == io.EOF && len(x.ends) > 0 {
				return 0, errXML
			}
			return 0, err
		}
		if x.buf[x.pos] != '<' {
			return xmlText, x.chars()
		}
		if token, err := x.markup(); token != 0 || err != nil {
			return token, err
		}
	}
}

// chars reads up to the next markup.
func (x *xmlReader) chars() error {
	n, err := x.find(0, "<", true)
	x.text, x.raw = x.buf[x.pos:x.pos+n], false
	x.pos += n
	return err
}

// markup reads a tag; what is no tag has no token.
func (x *xmlReader) markup() (xmlToken, error) {
	_ = x.need(9)
	switch b := x.buf[x.pos:x.end]; {
	case bytes.HasPrefix(b, []byte("<!--")):
		return 0, x.skipPast(4, "-->")
	case bytes.HasPrefix(b, []byte("<?")):
		return 0, x.skipPast(2, "?>")
	case bytes.HasPrefix(b, []byte("<![CDATA[")):
		n, err := x.find(9, "]]>", false)
		if err != nil {
			return 0, err
		}
		x.text, x.raw = x.buf[x.pos+9:x.pos+n], true
		x.pos += n + 3
		return xmlText, nil
	case bytes.HasPrefix(b, []byte("<!")):
		return 0, errXML // a document type
	}
	return x.tag()
}

func (x *xmlReader) skipPast(from int, end string) error {
	n, err := x.find(from, end, false)
	if err == nil {
		x.pos += n + len(end)
	}
	return err
}

func (x *xmlReader) tag() (xmlToken, error) {
	n, err := x.tagEnd()
	if err != nil {
		return 0, err
	}
	tag := x.buf[x.pos+1 : x.pos+n]
	x.pos += n + 1
	if len(tag) > 0 && tag[0] == '/' {
		x.name = local(bytes.TrimRight(tag[1:], " \t\r\n"))
		return xmlEnd, x.close(x.name)
	}
	if len(tag) > 0 && tag[len(tag)-1] == '/' {
		tag, x.closing = tag[:len(tag)-1], true
	}
	i := bytes.IndexAny(tag, " \t\r\n")
	if i < 0 {
		i = len(tag)
	}
	x.name, x.attrs = local(tag[:i]), tag[i:]
	if len(x.name) == 0 || len(x.names) > maxRecord {
		return 0, errXML
	}
	x.names = append(x.names, x.name...)
	x.ends = append(x.ends, len(x.names))
	return xmlStart, nil
}

// close closes the last element that is open, which must have that name.
func (x *xmlReader) close(name []byte) error {
	last, start := len(x.ends)-1, 0
	if last < 0 {
		return errXML
	}
	if last > 0 {
		start = x.ends[last-1]
	}
	if !bytes.Equal(x.names[start:], name) {
		return errXML
	}
	x.names, x.ends = x.names[:start], x.ends[:last]
	return nil
}

// tagEnd finds the > of the tag at pos, which may also lie in the quotes of its attributes.
func (x *xmlReader) tagEnd() (int, error) {
	quote := byte(0)
	for n := 1; ; n++ {
		if err := x.need(n + 1); err != nil {
			return 0, cut(err)
		}
		switch c := x.buf[x.pos+n]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return n, nil
		case c == '<':
			return 0, errXML
		}
	}
}

func local(name []byte) []byte { return name[bytes.LastIndexByte(name, ':')+1:] }

// attr returns the value of an attribute, not unescaped; nil if there is none.
func (x *xmlReader) attr(name string) []byte {
	for rest := x.attrs; ; {
		equals := bytes.IndexByte(rest, '=')
		if equals < 0 {
			return nil
		}
		key := local(bytes.Trim(rest[:equals], " \t\r\n"))
		rest = bytes.TrimLeft(rest[equals+1:], " \t\r\n")
		if len(rest) == 0 {
			return nil
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return nil
		}
		if string(key) == name {
			return rest[1 : end+1]
		}
		rest = rest[end+2:]
	}
}

// find returns how far after pos s is, looked for from there on; orEnd says that the end of the file will do.
func (x *xmlReader) find(from int, s string, orEnd bool) (int, error) {
	for {
		if from < x.end-x.pos {
			if i := bytes.Index(x.buf[x.pos+from:x.end], []byte(s)); i >= 0 {
				return from + i, nil
			}
			from = max(from, x.end-x.pos-len(s)+1)
		}
		if err := x.need(x.end - x.pos + 1); err == io.EOF && orEnd {
			return x.end - x.pos, nil
		} else if err != nil {
			return 0, cut(err)
		}
	}
}

func cut(err error) error {
	if err == io.EOF {
		return errXML
	}
	return err
}

// need makes the window hold n bytes from pos on; io.EOF where the file has fewer.
func (x *xmlReader) need(n int) error {
	for x.end-x.pos < n {
		if x.eof {
			return io.EOF
		}
		if n > maxRecord {
			return errXML
		}
		x.end = copy(x.buf, x.buf[x.pos:x.end])
		x.pos = 0
		m, err := x.r.Read(x.buf[x.end:])
		x.end += m
		x.eof = err == io.EOF
		if err != nil && err != io.EOF {
			return err
		}
	}
	return nil
}

// appendText appends the text of the token to dst.
func (x *xmlReader) appendText(dst []byte) ([]byte, error) {
	if x.raw {
		return append(dst, x.text...), nil
	}
	return unescapeXML(dst, x.text)
}

var entities = map[string]string{"amp": "&", "lt": "<", "gt": ">", "quot": `"`, "apos": "'"}

func unescapeXML(dst, text []byte) ([]byte, error) {
	for {
		i := bytes.IndexByte(text, '&')
		if i < 0 {
			return append(dst, text...), nil
		}
		dst = append(dst, text[:i]...)
		end := bytes.IndexByte(text[i:], ';')
		if end < 0 {
			return nil, errXML
		}
		entity := string(text[i+1 : i+end])
		char, ok := entities[entity]
		if !ok {
			if char, ok = charReference(entity); !ok {
				return nil, errXML
			}
		}
		dst = append(dst, char...)
		text = text[i+end+1:]
	}
}

func charReference(entity string) (string, bool) {
	base := 10
	switch {
	case len(entity) > 2 && entity[:2] == "#x":
		base, entity = 16, entity[2:]
	case len(entity) > 1 && entity[0] == '#':
		entity = entity[1:]
	default:
		return "", false
	}
	n, err := strconv.ParseUint(entity, base, 32)
	if err != nil || n == 0 || !utf8.ValidRune(rune(n)) {
		return "", false
	}
	return string(rune(n)), true
}
