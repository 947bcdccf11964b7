package policy

import (
	"errors"
	"fmt"
	"strings"
)

// node is {KIND :field value …}, a node of PostgreSQL's parser.
type node struct {
	kind   string
	fields []field
}

type field struct {
	name  string
	value value
}

// value is one of a word, a node and a list. A field of several words, 4 [ 3 0 0 0 ], is a list of them.
type value struct {
	word string
	node *node
	list []value
}

// maxDepth bounds the recursion over a tree.
const maxDepth = 5000

// reader takes a tree apart as PostgreSQL's own reader does (read.c): tokens end at white space and at ( ) { }, a
// backslash takes away what the next character means.
type reader struct {
	rest  string
	token string // the current one, with its backslashes; empty at the end
	depth int
}

func read(tree string) (node, error) {
	r := &reader{rest: tree}
	r.next()
	v, err := r.value()
	switch {
	case err != nil:
		return node{}, err
	case v.node == nil || r.token != "":
		return node{}, errors.New("not one node")
	}
	return *v.node, nil
}

const space, brackets = " \t\n", "(){}"

func (r *reader) next() {
	r.rest = strings.TrimLeft(r.rest, space)
	end := 0
	for end < len(r.rest) && strings.IndexByte(space+brackets, r.rest[end]) < 0 {
		if r.rest[end] == '\\' {
			end++
		}
		end++
	}
	if end == 0 && r.rest != "" {
		end = 1
	}
	end = min(end, len(r.rest))
	r.token, r.rest = r.rest[:end], r.rest[end:]
}

func (r *reader) value() (value, error) {
	if r.depth++; r.depth > maxDepth {
		return value{}, errors.New("nested too deeply")
	}
	defer func() { r.depth-- }()
	switch r.token {
	case "{":
		n, err := r.node()
		return value{node: n}, err
	case "(":
		list, err := r.list()
		return value{list: list}, err
	case ")", "}", "":
		return value{}, fmt.Errorf("a value is missing before %q", r.token+r.rest[:min(len(r.rest), 20)])
	}
	word := value{word: r.token}
	r.next()
	return word, nil
}

func (r *reader) list() ([]value, error) {
	list := []value{}
	for r.next(); r.token != ")"; {
		v, err := r.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	r.next()
	return list, nil
}

func (r *reader) node() (*node, error) {
	r.next()
	n := &node{kind: r.token, fields: make([]field, 0, 10)}
	if strings.Contains(brackets, n.kind) { // the end too
		return nil, errors.New("a node without a kind")
	}
	for r.next(); r.token != "}"; {
		if !strings.HasPrefix(r.token, ":") {
			return nil, fmt.Errorf("%s: a field is missing before %q", n.kind, r.token)
		}
		name := r.token[1:]
		r.next()
		v, err := r.fieldValue()
		if err != nil {
			return nil, err
		}
		n.fields = append(n.fields, field{name, v})
	}
	r.next()
	return n, nil
}

// fieldValue takes the first token whatever it is: a name can begin with a colon.
func (r *reader) fieldValue() (value, error) {
	first, err := r.value()
	if err != nil || r.token == "}" || strings.HasPrefix(r.token, ":") {
		return first, err
	}
	all := []value{first}
	for err == nil && r.token != "}" && !strings.HasPrefix(r.token, ":") {
		var v value
		v, err = r.value()
		all = append(all, v)
	}
	return value{list: all}, err
}
