package transcode

import (
	"encoding/binary"
	"io"
)

const (
	maxFooter   = 16 << 20
	maxElements = 10 * maxColumns // of a schema: leaves, and the groups around them
)

// The physical types.
const (
	parquetBoolean = iota
	parquetInt32
	parquetInt64
	parquetInt96
	parquetFloat
	parquetDouble
	parquetByteArray
	parquetFixed
	parquetGroup = -1
)

const (
	parquetRequired = iota
	parquetOptional
	parquetRepeated
)

// parquetElement is a line of a schema. Logical and converted types are brought to one form.
type parquetElement struct {
	name       string
	physical   int
	length     int // of parquetFixed
	repetition int
	children   int
	logical    logicalType
}

type parquetChunk struct {
	codec        int64
	values       int64
	offset, size int64
}

type parquetRowGroup struct {
	rows   int64
	chunks []parquetChunk
}

type parquetFooter struct {
	schema    []parquetElement
	leaves    int
	rows      int64
	rowGroups []parquetRowGroup
	fault     *Error
}

// readFooter reads the end of a file: its description, four bytes of its length, and PAR1.
func readFooter(file io.ReaderAt, size int64) (*parquetFooter, error) {
	var tail [8]byte
	if size < 12 {
		return nil, damagedParquet("it is cut short")
	}
	if _, err := file.ReadAt(tail[:], size-8); err != nil {
		return nil, err
	}
	length := int64(binary.LittleEndian.Uint32(tail[:]))
	switch {
	case string(tail[4:]) == "PARE":
		return nil, encryptedParquet()
	case string(tail[4:]) != "PAR1":
		return nil, damagedParquet("its end is missing")
	case length > size-12:
		return nil, damagedParquet("its description is longer than the file")
	case length > maxFooter:
		return nil, &Error{Code: CodeParquetPage, Message: "The description of the Parquet file is longer than 16 MiB. Write it with larger row groups, or fewer columns."}
	}
	b := make([]byte, length)
	if _, err := file.ReadAt(b, size-8-length); err != nil {
		return nil, err
	}
	f := &parquetFooter{}
	r := &thriftReader{b: b}
	f.read(r)
	if f.fault != nil {
		return nil, f.fault
	}
	if r.bad || len(f.schema) == 0 {
		return nil, damagedParquet("its description cannot be read")
	}
	for _, g := range f.rowGroups {
		f.rows -= g.rows
	}
	if f.rows != 0 {
		return nil, damagedParquet("its row groups have not as many rows as the table")
	}
	return f, nil
}

// stop ends the reading with a fault of its own.
func (f *parquetFooter) stop(r *thriftReader, fault *Error) {
	if f.fault == nil && !r.bad {
		f.fault = fault
	}
	r.fail()
}

func (f *parquetFooter) read(r *thriftReader) {
	r.fields(thriftStruct, func(id int64, typ byte) {
		switch id {
		case 2:
			r.list(typ, func(typ byte) { f.element(r, typ) })
		case 3:
			f.rows = r.int(typ)
		case 4:
			r.list(typ, func(typ byte) { f.rowGroup(r, typ) })
		case 8:
			f.encrypted(r)
		default:
			r.skip(typ)
		}
	})
}

func (f *parquetFooter) encrypted(r *thriftReader) { f.stop(r, encryptedParquet()) }

func (f *parquetFooter) element(r *thriftReader, typ byte) {
	e := parquetElement{physical: parquetGroup}
	converted, scale, precision := int64(-1), int64(0), int64(0)
	r.fields(typ, func(id int64, typ byte) {
		switch id {
		case 1:
			e.physical = int(r.int(typ))
		case 2:
			e.length = int(r.int(typ))
		case 3:
			e.repetition = int(r.int(typ))
		case 4:
			name := r.bytes(typ)
			e.name = string(name[:min(len(name), 4*maxName+1)]) // too long in any case
		case 5:
			e.children = int(r.int(typ))
		case 6:
			converted = r.int(typ)
		case 7:
			scale = r.int(typ)
		case 8:
			precision = r.int(typ)
		case 10:
			e.logical.read(r, typ)
		default:
			r.skip(typ)
		}
	})
	if e.children > 0 {
		e.physical = parquetGroup // whatever type some writers give the root
	}
	if e.logical.kind == noLogical {
		e.logical.convert(converted, scale, precision)
	}
	if e.physical != parquetGroup {
		f.leaves++
	}
	if f.schema = append(f.schema, e); len(f.schema) > maxElements {
		f.stop(r, tooManyColumns())
	}
}

func (f *parquetFooter) rowGroup(r *thriftReader, typ byte) {
	g := parquetRowGroup{rows: -1}
	r.fields(typ, func(id int64, typ byte) {
		switch id {
		case 1:
			g.chunks = make([]parquetChunk, 0, f.leaves)
			r.list(typ, func(typ byte) { f.chunk(r, typ, &g) })
		case 3:
			g.rows = r.int(typ)
		default:
			r.skip(typ)
		}
	})
	if g.rows < 0 || len(g.chunks) != f.leaves {
		f.stop(r, damagedParquet("a row group has not the columns of the table"))
	}
	f.rowGroups = append(f.rowGroups, g)
}

func (f *parquetFooter) chunk(r *thriftReader, typ byte, g *parquetRowGroup) {
	c := parquetChunk{codec: -1, values: -1, offset: -1, size: -1}
	dictionary := int64(0)
	r.fields(typ, func(id int64, typ byte) {
		switch id {
		case 1:
			f.stop(r, unsupported("A Parquet file whose columns lie in other files", "Write it as one file."))
		case 3:
			dictionary = c.read(r, typ)
		case 8, 9:
			f.encrypted(r)
		default:
			r.skip(typ)
		}
	})
	if dictionary > 0 && dictionary < c.offset {
		c.offset = dictionary
	}
	if len(g.chunks) == f.leaves || c.codec < 0 || c.values < 0 || c.offset < 4 && c.values > 0 || c.size < 0 {
		f.stop(r, damagedParquet("a column is not described"))
	}
	if len(g.chunks) < f.leaves {
		g.chunks = append(g.chunks, c)
	}
}

func (c *parquetChunk) read(r *thriftReader, typ byte) (dictionary int64) {
	r.fields(typ, func(id int64, typ byte) {
		switch id {
		case 4:
			c.codec = r.int(typ)
		case 5:
			c.values = r.int(typ)
		case 7:
			c.size = r.int(typ)
		case 9:
			c.offset = r.int(typ)
		case 11:
			dictionary = r.int(typ)
		default:
			r.skip(typ)
		}
	})
	return dictionary
}
