package transcode

import (
	"fmt"
	"io"
)

// listReader writes the values of a list or map as JSON, from the levels of the leaves below it.
type listReader struct {
	leaves []*leafReader // by the numbers of the leaves, from first on
	first  int
	buf    []byte
}

func (r *listReader) leaf(n *parquetNode) *leafReader { return r.leaves[n.leaf-r.first] }

// row appends the value of a row; nothing where it is null.
func (r *listReader) row(n *parquetNode, dst []byte) ([]byte, error) {
	leaf := r.leaf(n)
	if err := leaf.peek(); err != nil {
		return nil, err
	}
	if leaf.repetition != 0 {
		return nil, errPage
	}
	there := n.definitions
	if n.repetition == parquetRepeated {
		there-- // and there may be none
	}
	if leaf.definition < there {
		return dst, r.drop(n)
	}
	return r.present(n, dst)
}

// value appends the value of a node, or null.
func (r *listReader) value(n *parquetNode, dst []byte) ([]byte, error) {
	if len(dst) > maxRecord {
		return nil, recordTooLong(0)
	}
	leaf := r.leaf(n)
	if err := leaf.peek(); err != nil {
		return nil, cutPage(err)
	}
	if n.repetition != parquetRepeated && leaf.definition < n.definitions {
		return append(dst, "null"...), r.drop(n)
	}
	return r.present(n, dst)
}

func cutPage(err error) error {
	if err == io.EOF {
		return errPage
	}
	return err
}

// drop goes past one entry of every leaf below a node that is null or empty.
func (r *listReader) drop(n *parquetNode) error {
	for i := range n.leaves {
		leaf := r.leaves[n.leaf-r.first+i]
		if err := leaf.peek(); err != nil {
			return cutPage(err)
		}
		if _, _, err := leaf.take(); err != nil {
			return err
		}
	}
	return nil
}

// present appends the value of a node that is not null.
func (r *listReader) present(n *parquetNode, dst []byte) ([]byte, error) {
	switch {
	case n.repetition == parquetRepeated:
		return r.elements(n, dst, '[', ']', r.element)
	case n.physical != parquetGroup:
		return r.scalar(n, dst)
	case n.logical.kind == logicalList && len(n.children) == 1 && n.children[0].repetition == parquetRepeated:
		return r.elements(n.children[0], dst, '[', ']', r.listed)
	case n.logical.kind == logicalMap && len(n.children) == 1 && n.children[0].repetition == parquetRepeated && len(n.children[0].children) == 2:
		return r.elements(n.children[0], dst, '{', '}', r.entry)
	}
	return r.object(n, dst)
}

// elements appends the occurrences of a repeated node.
func (r *listReader) elements(n *parquetNode, dst []byte, open, end byte, element func(*parquetNode, []byte) ([]byte, error)) (_ []byte, err error) {
	dst = append(dst, open)
	leaf := r.leaf(n)
	if err := leaf.peek(); err != nil {
		return nil, cutPage(err)
	}
	if leaf.definition < n.definitions {
		return append(dst, end), r.drop(n)
	}
	for first := true; ; first = false {
		if !first {
			dst = append(dst, ',')
		}
		if dst, err = element(n, dst); err != nil {
			return nil, err
		}
		if err = leaf.peek(); err == io.EOF || err == nil && leaf.repetition < n.repetitions {
			return append(dst, end), nil
		}
		if err != nil {
			return nil, err
		}
		if leaf.repetition > n.repetitions || len(dst) > maxRecord {
			return nil, recordTooLong(0)
		}
	}
}

// element appends an occurrence of a repeated node itself.
func (r *listReader) element(n *parquetNode, dst []byte) ([]byte, error) {
	if n.physical != parquetGroup {
		return r.scalar(n, dst)
	}
	return r.object(n, dst)
}

// listed appends an element of a list: what the repeated node holds, if that is but one node, or, in files of older
// writers, the repeated node.
func (r *listReader) listed(n *parquetNode, dst []byte) ([]byte, error) {
	if len(n.children) == 1 && n.name != "array" {
		return r.value(n.children[0], dst)
	}
	return r.element(n, dst)
}

// entry appends a key and its value.
func (r *listReader) entry(n *parquetNode, dst []byte) (_ []byte, err error) {
	start := len(dst)
	if dst, err = r.value(n.children[0], dst); err != nil {
		return nil, err
	}
	if dst[start] != '"' {
		key := append([]byte(nil), dst[start:]...)
		dst = appendJSON(dst[:start], key)
	}
	return r.value(n.children[1], append(dst, ':'))
}

func (r *listReader) object(n *parquetNode, dst []byte) (_ []byte, err error) {
	dst = append(dst, '{')
	for _, child := range n.children {
		if child.leaves == 0 {
			continue
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(appendJSON(dst, []byte(child.name)), ':')
		if dst, err = r.value(child, dst); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

func (r *listReader) scalar(n *parquetNode, dst []byte) ([]byte, error) {
	v, ok, err := r.leaf(n).take()
	if err != nil {
		return nil, err
	}
	if ok {
		r.buf, err = n.typ.render(r.buf[:0], v)
	}
	switch {
	case err != nil:
		return nil, err
	case !ok || len(r.buf) == 0 && !n.typ.quoted:
		return append(dst, "null"...), nil
	case n.typ.quoted:
		return appendJSON(dst, r.buf), nil
	}
	return append(dst, r.buf...), nil
}

// appendJSON appends a text in quotes.
func appendJSON(dst, text []byte) []byte {
	dst = append(dst, '"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			dst = fmt.Appendf(dst, `\u%04x`, c)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
