package transcode

import (
	"strings"
	"unicode/utf8"
)

const maxParquetDepth = 64

// parquetNode is a node of the schema's tree. Its levels say how many repeated, and optional or repeated, nodes there are
// on the way to it, itself included.
type parquetNode struct {
	*parquetElement
	children    []*parquetNode
	repetitions int
	definitions int
	leaf        int // its number, or that of its first leaf
	leaves      int
	typ         leafType
}

// isList tells whether the values of a node are one column of JSON.
func (n *parquetNode) isList() bool {
	return n.repetition == parquetRepeated || len(n.children) > 0 && (n.logical.kind == logicalList || n.logical.kind == logicalMap)
}

// parquetColumn is a column of the table: a leaf, or a list or map with all leaves below it.
type parquetColumn struct {
	*parquetNode
	Column
}

// schemaReader builds the tree of a schema that is written depth first.
type schemaReader struct {
	footer  *parquetFooter
	next    int
	leaf    int
	columns []parquetColumn
}

// readSchema returns the columns of the table.
func readSchema(f *parquetFooter) ([]parquetColumn, error) {
	s := &schemaReader{footer: f}
	root := &parquetNode{}
	if err := s.read(root, root, 0); err != nil {
		return nil, err
	}
	if s.next != len(f.schema) || root.physical != parquetGroup {
		return nil, damagedParquet("its schema has no root")
	}
	for _, child := range root.children {
		if err := s.flatten(child, nil); err != nil {
			return nil, err
		}
	}
	if len(s.columns) == 0 {
		return nil, emptyTable()
	}
	return s.columns, nil
}

func (s *schemaReader) read(n, parent *parquetNode, depth int) (err error) {
	if s.next >= len(s.footer.schema) || depth > maxParquetDepth {
		return damagedParquet("its schema is cut short, or nested too deeply")
	}
	n.parquetElement = &s.footer.schema[s.next]
	s.next++
	n.repetitions, n.definitions, n.leaf = parent.repetitions, parent.definitions, s.leaf
	if depth > 0 && n.repetition != parquetRequired {
		n.definitions++
		if n.repetition == parquetRepeated {
			n.repetitions++
		}
	}
	if n.physical != parquetGroup {
		s.leaf++
		n.leaves = 1
		n.typ, err = leafTypeOf(n.parquetElement)
		return err
	}
	for i := 0; i < n.parquetElement.children; i++ {
		child := &parquetNode{}
		if err := s.read(child, n, depth+1); err != nil {
			return err
		}
		n.children = append(n.children, child)
	}
	n.leaves = s.leaf - n.leaf
	return nil
}

// flatten makes a node, or the nodes below it, columns. A group without leaves has none.
func (s *schemaReader) flatten(n *parquetNode, path []string) error {
	path = append(path, n.name)
	switch {
	case n.leaves == 0:
		return nil
	case n.physical == parquetGroup && !n.isList():
		for _, child := range n.children {
			if err := s.flatten(child, path); err != nil {
				return err
			}
		}
		return nil
	}
	c := parquetColumn{parquetNode: n, Column: Column{Type: "text"}}
	if !n.isList() {
		c.Column = n.typ.column
	}
	c.Column.Name = strings.Join(path, ".")
	if len(s.columns) == maxColumns {
		return tooManyColumns()
	}
	if utf8.RuneCountInString(c.Column.Name) > maxName {
		return nameTooLong(len(s.columns) + 1)
	}
	if !isText([]byte(c.Column.Name)) {
		return damagedParquet("the name of column %d is not UTF-8", len(s.columns)+1)
	}
	s.columns = append(s.columns, c)
	return nil
}
