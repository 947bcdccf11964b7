package transcode

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// maxKeys is how many different keys may be met: those of the columns and of the objects that hold them.
const maxKeys = 4 * maxColumns

// key is a key of an object. The same one may hold a scalar in one record and an object in another: then both its own
// column and those of the object's keys are there.
type key struct {
	parent   *key
	name     string
	children map[string]*key
	column   int   // from 1; 0 for none yet
	object   bool  // it held one
	record   int64 // the last one in which it was met
}

func (k *key) path() string {
	if k.parent == nil || k.parent.parent == nil {
		return k.name
	}
	return k.parent.path() + "." + k.name
}

// jsonColumns gives the keys of records columns, in the order in which they are first met, and records the values.
type jsonColumns struct {
	rec    *recorder
	root   key
	keys   int
	order  []*key // the key of each column
	header bool   // records are arrays, and the first one was the header
	reader jsonRecord
}

func newJSONColumns(rec *recorder) *jsonColumns { return &jsonColumns{rec: rec} }

// record reads one record.
func (c *jsonColumns) record(b []byte) error {
	c.reader.b, c.reader.i = b, 0
	var err error
	switch first := c.reader.peek(); {
	case first == '{' && !c.header:
		err = c.object(&c.root, 1)
	case first == '[' && c.header:
		err = c.row()
	case first == '[' && c.rec.rows == 0 && c.keys == 0:
		c.header = true
		return c.headerRow()
	default:
		if _, _, err := c.reader.scalar(1); err != nil && first != '{' {
			return err
		}
		return shapeless()
	}
	if err != nil {
		return err
	}
	if c.reader.i != len(b) {
		return c.reader.fault("something follows the record")
	}
	return c.rec.endRow()
}

func (c *jsonColumns) object(parent *key, depth int) error {
	if depth > maxDepth {
		return tooDeep()
	}
	parent.object = true
	return c.reader.members(func(name []byte) error {
		k, err := c.key(parent, name)
		if err != nil {
			return err
		}
		if c.reader.peek() == '{' {
			return c.object(k, depth+1)
		}
		kind, value, err := c.reader.scalar(depth + 1)
		if err != nil {
			return err
		}
		return c.value(k, kind, value)
	})
}

// key finds or makes the key of that name, which a record may have once.
func (c *jsonColumns) key(parent *key, name []byte) (*key, error) {
	record := c.rec.rows + 1
	k := parent.children[string(name)]
	if k == nil {
		if c.keys++; c.keys > maxKeys {
			return nil, tooManyColumns()
		}
		if utf8.RuneCount(name) > maxName {
			return nil, nameTooLong(len(c.order) + 1)
		}
		k = &key{parent: parent, name: string(name)}
		if parent.children == nil {
			parent.children = map[string]*key{}
		}
		parent.children[k.name] = k
	}
	if k.record == record {
		return nil, &Error{Code: CodeJSONDuplicate, Record: record,
			Message: fmt.Sprintf("An object in record %d has a key twice. Remove one of them.", record)}
	}
	k.record = record
	return k, nil
}

// value records what k holds. A null where objects are met elsewhere needs no column.
func (c *jsonColumns) value(k *key, kind kind, value []byte) error {
	if k.column == 0 {
		if k.object && kind == empty {
			return nil
		}
		if err := c.add(k); err != nil {
			return err
		}
	}
	if bytes.IndexByte(value, 0) >= 0 {
		return nulCharacter(c.rec.rows+1, k.column)
	}
	return c.rec.field(k.column-1, kind, value)
}

func (c *jsonColumns) add(k *key) error {
	if len(c.order) == maxColumns {
		return tooManyColumns()
	}
	c.order = append(c.order, k)
	c.rec.kinds = append(c.rec.kinds, 0)
	k.column = len(c.order)
	if utf8.RuneCountInString(k.path()) > maxName {
		return nameTooLong(k.column)
	}
	return nil
}

// headerRow reads an array of names.
func (c *jsonColumns) headerRow() error {
	return c.reader.elements(func() error {
		if c.reader.peek() != '"' {
			return shapeless()
		}
		name, err := c.reader.string()
		if err != nil {
			return err
		}
		if bytes.IndexByte(name, 0) >= 0 {
			return nulCharacter(0, len(c.order)+1)
		}
		return c.add(&key{name: string(name)})
	})
}

// row reads an array of values under the header.
func (c *jsonColumns) row() error {
	i := 0
	return c.reader.elements(func() error {
		if i == len(c.order) {
			return &Error{Code: CodeRagged, Record: c.rec.rows + 1, Column: i + 1,
				Message: fmt.Sprintf("Record %d has more values than the header, which has %d.", c.rec.rows+1, i)}
		}
		k := c.order[i]
		i++
		if c.reader.peek() == '{' {
			c.reader.text = c.reader.text[:0]
			if err := c.reader.compact(2); err != nil {
				return err
			}
			return c.value(k, word, c.reader.text)
		}
		kind, value, err := c.reader.scalar(2)
		if err != nil {
			return err
		}
		return c.value(k, kind, value)
	})
}

func shapeless() *Error {
	return &Error{Code: CodeJSONShape,
		Message: "The records are neither all objects nor all arrays under a header of names. Send an array of objects, or one object a line."}
}

// finish returns the columns and the place of each recorded one among them, -1 for one without values whose key holds
// objects.
func (c *jsonColumns) finish() (columns []Column, place []int, err error) {
	for i, k := range c.order {
		if k.object && c.rec.kinds[i] == empty {
			place = append(place, -1)
			continue
		}
		place = append(place, len(columns))
		columns = append(columns, Column{Name: k.path(), Type: c.rec.kinds[i].typed(false)})
	}
	if len(columns) == 0 {
		return nil, nil, emptyTable()
	}
	return columns, place, nil
}
