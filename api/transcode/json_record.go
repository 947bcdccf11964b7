package transcode

import (
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

const maxDepth = 100

// jsonFault is a byte of a record that breaks the syntax.
type jsonFault struct {
	at   int
	what string
}

func (f *jsonFault) Error() string { return f.what }

// jsonRecord reads one record, strictly as RFC 8259 says. Numbers keep their digits.
type jsonRecord struct {
	b    []byte
	i    int
	text []byte // a text without its escapes, or an array without its white space
}

func (r *jsonRecord) fault(what string) error { return &jsonFault{r.i, what} }

// peek skips white space and returns the next byte; 0 at the end.
func (r *jsonRecord) peek() byte {
	for ; r.i < len(r.b); r.i++ {
		switch c := r.b[r.i]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// members calls member for each member of the object at i, with the reader before its value. The key is valid until a
// value is read.
func (r *jsonRecord) members(member func(key []byte) error) error {
	r.i++
	if r.peek() == '}' {
		r.i++
		return nil
	}
	for {
		if r.peek() != '"' {
			return r.fault("a key in quotes is missing")
		}
		key, err := r.string()
		if err != nil {
			return err
		}
		if r.peek() != ':' {
			return r.fault("a colon is missing")
		}
		r.i++
		if err := member(key); err != nil {
			return err
		}
		if done, err := r.separator('}', "a comma or a closing brace is missing"); done || err != nil {
			return err
		}
	}
}

// elements calls element for each element of the array at i, with the reader before it.
func (r *jsonRecord) elements(element func() error) error {
	r.i++
	if r.peek() == ']' {
		r.i++
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if done, err := r.separator(']', "a comma or a closing bracket is missing"); done || err != nil {
			return err
		}
	}
}

func (r *jsonRecord) separator(last byte, missing string) (done bool, err error) {
	switch r.peek() {
	case ',':
		r.i++
		return false, nil
	case last:
		r.i++
		return true, nil
	}
	return false, r.fault(missing)
}

// scalar reads a value that is no object; of an array it returns the JSON.
func (r *jsonRecord) scalar(depth int) (kind, []byte, error) {
	switch r.peek() {
	case '"':
		text, err := r.string()
		return kindOf(text), text, err
	case '[':
		r.text = r.text[:0]
		err := r.compact(depth)
		return word, r.text, err
	case 't':
		return boolean, []byte("true"), r.literal("true")
	case 'f':
		return boolean, []byte("false"), r.literal("false")
	case 'n':
		return empty, nil, r.literal("null")
	}
	digits, err := r.number()
	return number, digits, err
}

// compact appends the value at i to text, without white space.
func (r *jsonRecord) compact(depth int) error {
	c := r.peek()
	if depth > maxDepth {
		return tooDeep()
	}
	switch c {
	case '{':
		return r.compactMembers(depth)
	case '[':
		r.text = append(r.text, '[')
		first := true
		err := r.elements(func() error {
			r.comma(&first)
			return r.compact(depth + 1)
		})
		r.text = append(r.text, ']')
		return err
	}
	start := r.i
	err := r.skipScalar(c)
	r.text = append(r.text, r.b[start:r.i]...)
	return err
}

func (r *jsonRecord) compactMembers(depth int) error {
	r.text = append(r.text, '{')
	r.i++
	for first := true; ; {
		c := r.peek()
		if first && c == '}' {
			r.i++
			break
		}
		r.comma(&first)
		if c != '"' {
			return r.fault("a key in quotes is missing")
		}
		start := r.i
		if err := r.skipString(); err != nil {
			return err
		}
		r.text = append(append(r.text, r.b[start:r.i]...), ':')
		if r.peek() != ':' {
			return r.fault("a colon is missing")
		}
		r.i++
		if err := r.compact(depth + 1); err != nil {
			return err
		}
		if done, err := r.separator('}', "a comma or a closing brace is missing"); err != nil {
			return err
		} else if done {
			break
		}
	}
	r.text = append(r.text, '}')
	return nil
}

func (r *jsonRecord) comma(first *bool) {
	if !*first {
		r.text = append(r.text, ',')
	}
	*first = false
}

func (r *jsonRecord) skipScalar(c byte) (err error) {
	switch c {
	case '"':
		return r.skipString()
	case 't':
		return r.literal("true")
	case 'f':
		return r.literal("false")
	case 'n':
		return r.literal("null")
	}
	_, err = r.number()
	return err
}

func (r *jsonRecord) literal(word string) error {
	for i := range len(word) {
		if r.i >= len(r.b) || r.b[r.i] != word[i] {
			return r.fault("there is no value")
		}
		r.i++
	}
	return nil
}

func (r *jsonRecord) number() ([]byte, error) {
	start := r.i
	r.accept('-')
	if r.i == len(r.b) || r.b[r.i]-'0' > 9 {
		if r.i == start {
			return nil, r.fault("there is no value")
		}
		return nil, r.fault("a digit is missing")
	}
	if !r.accept('0') {
		r.digits()
	}
	if r.accept('.') && !r.digits() {
		return nil, r.fault("a digit is missing")
	}
	if r.accept('e') || r.accept('E') {
		_ = r.accept('+') || r.accept('-')
		if !r.digits() {
			return nil, r.fault("a digit is missing")
		}
	}
	return r.b[start:r.i], nil
}

func (r *jsonRecord) accept(c byte) bool {
	if r.i < len(r.b) && r.b[r.i] == c {
		r.i++
		return true
	}
	return false
}

func (r *jsonRecord) digits() bool {
	start := r.i
	for r.i < len(r.b) && r.b[r.i]-'0' <= 9 {
		r.i++
	}
	return r.i > start
}

// string reads the text at i. Without escapes it lies in the record, else in text.
func (r *jsonRecord) string() ([]byte, error) {
	start := r.i + 1
	for i := start; i < len(r.b); i++ {
		switch c := r.b[i]; {
		case c == '"':
			r.i = i + 1
			return r.b[start:i], nil
		case c == '\\':
			r.text = append(r.text[:0], r.b[start:i]...)
			r.i = i
			return r.escaped()
		case c < ' ':
			r.i = i
			return nil, r.fault("there is a control character in a text")
		}
	}
	r.i = len(r.b)
	return nil, r.fault("a text is not closed")
}

// escaped reads on from the first backslash of a text.
func (r *jsonRecord) escaped() ([]byte, error) {
	for r.i < len(r.b) {
		c := r.b[r.i]
		switch {
		case c == '"':
			r.i++
			return r.text, nil
		case c == '\\':
			if err := r.escape(); err != nil {
				return nil, err
			}
			continue
		case c < ' ':
			return nil, r.fault("there is a control character in a text")
		}
		r.text = append(r.text, c)
		r.i++
	}
	return nil, r.fault("a text is not closed")
}

func (r *jsonRecord) skipString() error {
	text := len(r.text)
	saved := r.text
	r.text = r.text[text:]
	_, err := r.string()
	r.text = saved[:text]
	return err
}

var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func (r *jsonRecord) escape() error {
	if r.i+1 == len(r.b) {
		return r.fault("a text is not closed")
	}
	c := r.b[r.i+1]
	if c == 'u' {
		return r.unicode()
	}
	if escapes[c] == 0 {
		return r.fault("there is an unknown escape")
	}
	r.text = append(r.text, escapes[c])
	r.i += 2
	return nil
}

// unicode reads an escape of four digits, or the two that make one character.
func (r *jsonRecord) unicode() error {
	c, ok := r.hex(r.i)
	if !ok {
		return r.fault("an escape has not four hexadecimal digits")
	}
	size := 6
	if utf16.IsSurrogate(c) {
		low, _ := r.hex(r.i + size)
		if c = utf16.DecodeRune(c, low); c == utf8.RuneError {
			return r.fault("an escape is half a character")
		}
		size *= 2
	}
	r.text = utf8.AppendRune(r.text, c)
	r.i += size
	return nil
}

func (r *jsonRecord) hex(i int) (c rune, ok bool) {
	if i+6 > len(r.b) || r.b[i] != '\\' || r.b[i+1] != 'u' {
		return 0, false
	}
	for _, d := range r.b[i+2 : i+6] {
		switch {
		case d-'0' <= 9:
			d -= '0'
		case d|0x20 >= 'a' && d|0x20 <= 'f':
			d = d | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		c = c<<4 | rune(d)
	}
	return c, true
}

func tooDeep() *Error {
	return &Error{Code: CodeJSONDepth, Message: fmt.Sprintf("A record has more than %d levels of arrays and objects. Flatten it.", maxDepth)}
}
