package archive

import (
	"io"
	"reflect"
	"unsafe"

	"github.com/parquet-go/parquet-go"

	"github.com/insightforge/insightforge/api/column"
)

const (
	// rowGroupBytes is how much the first row group of a Parquet file has before it is encoded; so much is in memory.
	rowGroupBytes = 16 << 20
	// chunkBytes is what the description of one column in a row group takes, about. All are in memory until the file ends, so the
	// row groups of a wide table grow as these do.
	chunkBytes = 768
)

// Parquet writes a table as a Parquet file of row groups of bounded size, with the columns' names, types and scales.
type Parquet struct {
	w       *parquet.GenericWriter[any]
	columns []column.Column
	values  []parquet.Value
	bytes   int // of the row group
	least   int // bytes of a row group
}

// NewParquet begins a file.
func NewParquet(w io.Writer, columns []column.Column) *Parquet {
	return &Parquet{columns: columns, least: rowGroupBytes, w: parquet.NewGenericWriter[any](w, parquet.NewSchema("table", schemaOf(columns)),
		parquet.Compression(&parquet.Snappy), parquet.DataPageVersion(1))}
}

// root is a group whose fields are in the order of the columns; those of a [parquet.Group] are in that of their names.
type root struct {
	parquet.Group
	fields []parquet.Field
}

func (r root) Fields() []parquet.Field { return r.fields }

// GoType is that of a row, if one were read into a Go value.
func (root) GoType() reflect.Type { return reflect.TypeFor[map[string]any]() }

func schemaOf(columns []column.Column) root {
	r := root{Group: parquet.Group{}}
	for _, c := range columns {
		r.Group[c.Name] = parquet.Optional(nodeOf(c))
	}
	byName := map[string]parquet.Field{}
	for _, f := range r.Group.Fields() {
		byName[f.Name()] = f
	}
	for _, c := range columns {
		r.fields = append(r.fields, byName[c.Name])
	}
	return r
}

func nodeOf(c column.Column) parquet.Node {
	switch c.Type {
	case column.Decimal:
		return parquet.Decimal(c.Scale, 18, parquet.Int64Type)
	case column.Float:
		return parquet.Leaf(parquet.DoubleType)
	case column.Boolean:
		return parquet.Leaf(parquet.BooleanType)
	case column.Date:
		return parquet.Date()
	case column.Timestamp:
		return parquet.Timestamp(parquet.Microsecond)
	case column.Text:
		if c.IsCoded() {
			return parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
		}
		return parquet.String()
	default:
		return parquet.Int(64)
	}
}

// Write writes rows, given as the values of each column.
func (p *Parquet) Write(values []Values) (rows int64, err error) {
	n, err := checked(values)
	if err != nil {
		return 0, err
	}
	for i, w := range p.w.ColumnWriters() {
		p.values = p.values[:0]
		for row := range n {
			v := p.value(p.columns[i], values[i], row)
			p.bytes += 8
			if v.IsNull() {
				p.values = append(p.values, v.Level(0, 0, i))
			} else {
				p.values = append(p.values, v.Level(0, 1, i))
			}
		}
		if _, err := w.WriteRowValues(p.values); err != nil {
			return 0, err
		}
	}
	if p.bytes >= p.least {
		p.bytes = 0
		p.least += len(p.columns) * chunkBytes
		err = p.w.Flush()
	}
	return int64(n), err
}

// Close writes what is left, and the description of the file.
func (p *Parquet) Close() error { return p.w.Close() }

func (p *Parquet) value(c column.Column, v Values, row int) parquet.Value {
	switch {
	case v.Ints != nil && v.Ints[row].Valid:
		return intValue(c, v.Ints[row].Int64)
	case v.Floats != nil && v.Floats[row].Valid:
		return parquet.DoubleValue(v.Floats[row].Float64)
	}
	if text, ok := v.text(row); ok {
		p.bytes += len(text)
		return parquet.ByteArrayValue(unsafe.Slice(unsafe.StringData(text), len(text))) // which is only read
	}
	return parquet.NullValue()
}

func intValue(c column.Column, v int64) parquet.Value {
	switch c.Type {
	case column.Boolean:
		return parquet.BooleanValue(v != 0)
	case column.Date:
		return parquet.Int32Value(int32(v))
	default:
		return parquet.Int64Value(v)
	}
}
