package policy

import (
	"cmp"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// Numbers of types that are the same in every PostgreSQL.
const (
	typeBool, typeInt8, typeInt2, typeInt4, typeText = 16, 20, 21, 23, 25
	typeVarchar, typeInterval, typeUUID              = 1043, 1186, 2950
)

// get is a field; the zero value where it is missing.
func (n *node) get(name string) value {
	for _, f := range n.fields {
		if f.name == name {
			return f.value
		}
	}
	return value{}
}

// number is a field that is one; -1 where it is not.
func (n *node) number(name string) int64 {
	number, err := strconv.ParseInt(n.get(name).word, 10, 64)
	if err != nil {
		return -1
	}
	return number
}

func (n *node) is(name string) bool { return n.get(name).word == "true" }

// args are the nodes of a field that is a list of nodes.
func (n *node) args(name string) (nodes []*node) {
	for _, v := range n.get(name).list {
		if v.node != nil {
			nodes = append(nodes, v.node)
		}
	}
	return nodes
}

// walk visits every node, with the number of queries around it.
func (n *node) walk(visit func(n *node, depth int)) { n.walkAt(0, visit) }

func (n *node) walkAt(depth int, visit func(*node, int)) {
	visit(n, depth)
	if n.kind == "QUERY" {
		depth++
	}
	for _, f := range n.fields {
		f.value.walkAt(depth, visit)
	}
}

func (v value) walkAt(depth int, visit func(*node, int)) {
	if v.node != nil {
		v.node.walkAt(depth, visit)
	}
	for _, item := range v.list {
		item.walkAt(depth, visit)
	}
}

// rewritten is a copy in which each node directly below has gone through change.
func (n *node) rewritten(change func(*node) *node) *node {
	if n.kind == "CONST" || n.kind == "VAR" { // most of them, and nothing is below
		return n
	}
	c := &node{kind: n.kind, fields: make([]field, len(n.fields))}
	for i, f := range n.fields {
		c.fields[i] = field{f.name, f.value.rewritten(change)}
	}
	return c
}

func (v value) rewritten(change func(*node) *node) value {
	if v.node != nil {
		v.node = change(v.node)
	}
	if v.list != nil {
		list := make([]value, len(v.list))
		for i, item := range v.list {
			list[i] = item.rewritten(change)
		}
		v.list = list
	}
	return v
}

// truth is a constant of three-valued logic.
type truth string

const (
	isTrue  truth = "true"
	isFalse truth = "false"
	isNull  truth = "null"
	unknown truth = "" // not a constant
)

// constant is the node of a truth.
func constant(t truth) *node {
	return &node{kind: "CONST", fields: []field{{"truth", value{word: string(t)}}}}
}

// truth of a node that is a constant: a boolean, or null of any type.
func (n *node) truth() truth {
	switch {
	case n.kind != "CONST":
		return unknown
	case n.get("truth").word != "":
		return truth(n.get("truth").word)
	case n.is("constisnull"):
		return isNull
	case n.number("consttype") != typeBool:
		return unknown
	}
	for _, b := range n.bytes() {
		if b != 0 { // in which byte it is depends on the machine
			return isTrue
		}
	}
	return isFalse
}

// bytes of a constant; what is kept is 4 [ 3 0 0 0 0 0 0 0 ], signed.
func (n *node) bytes() (b []byte) {
	list := n.get("constvalue").list
	for i := 2; i < len(list)-1; i++ {
		number, _ := strconv.ParseInt(list[i].word, 10, 16)
		b = append(b, byte(number))
	}
	return b
}

// text of a constant of type text; false for any other node, and for null.
func (n *node) text() (string, bool) {
	if t := n.number("consttype"); n.kind != "CONST" || t != typeText && t != typeVarchar || n.is("constisnull") {
		return "", false
	}
	const header = 4 // the length with itself, shifted by two bits on a little-endian machine
	b := n.bytes()
	if len(b) < header || binary.LittleEndian.Uint32(b)>>2 != uint32(len(b)) && binary.BigEndian.Uint32(b) != uint32(len(b)) {
		return "", false
	}
	return string(b[header:]), true
}

// literal is a constant as it stands in SQL; false for a type that is not read here.
func (n *node) literal() (string, bool) {
	if number := n.get("literal").word; number != "" {
		return number, true
	}
	if t := n.truth(); t != unknown {
		return string(t), true
	}
	if text, ok := n.text(); ok {
		return quoted(text), true
	}
	b := n.bytes()
	switch t := n.number("consttype"); {
	case t == typeUUID && len(b) == 16:
		return quoted(uuid.UUID(b).String()), true
	case t == typeInt2 && len(b) == 8:
		return strconv.Itoa(int(int16(binary.LittleEndian.Uint64(b)))), true
	case t == typeInt4 && len(b) == 8:
		return strconv.Itoa(int(int32(binary.LittleEndian.Uint64(b)))), true
	case t == typeInt8 && len(b) == 8:
		return strconv.FormatInt(int64(binary.LittleEndian.Uint64(b)), 10), true
	case t == typeInterval && len(b) == 16:
		return "interval " + quoted(interval(b)), true
	}
	return "", false
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// interval is microseconds, days and months.
func interval(b []byte) string {
	microseconds, days, months := int64(binary.LittleEndian.Uint64(b)), int32(binary.LittleEndian.Uint32(b[8:])), int32(binary.LittleEndian.Uint32(b[12:]))
	var parts []string
	for _, part := range []struct {
		n    int64
		unit string
	}{{int64(months), "month"}, {int64(days), "day"}, {microseconds / 3_600_000_000, "hour"}, {microseconds % 3_600_000_000 / 60_000_000, "minute"},
		{microseconds % 60_000_000 / 1000, "millisecond"}} {
		switch part.n {
		case 0:
		case 1:
			parts = append(parts, "1 "+part.unit)
		default:
			parts = append(parts, strconv.FormatInt(part.n, 10)+" "+part.unit+"s")
		}
	}
	return cmp.Or(strings.Join(parts, " "), "0 hours")
}
