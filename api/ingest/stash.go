package ingest

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
)

const (
	blockRows   = 1024      // of a stash
	blockValues = 128 << 10 // of all columns: wide tables have fewer rows in a block
	stashBuffer = 256 << 10
	nullValue   = math.MinInt64
	blockHeader = 2 // of a column in a block: bytes of a value, scale
)

// stash keeps what pass one has read of the values, in blocks of rows, so that pass two need not read their text again:
// numbers, days, microseconds and codes of words. A column with a value of which pass one does not know how it will be
// read in the end is lost. Blocks are in an unlinked file, the last ones in memory.
type stash struct {
	dir     string
	file    *os.File // nil until there is more than a buffer of blocks
	columns []stashed
	rows    int     // in the block that is being filled
	maxRows int     // of a block
	offsets []int64 // of the blocks; after the last one, the end
	written int64   // bytes in the file
	buffer  []byte  // what comes after them
}

// stashed is a column in the block that is being filled.
type stashed struct {
	values []int64 // null is nullValue
	scale  int     // they are value·10^-scale
	lost   bool
}

func (s *stash) begin(columns int) {
	s.columns, s.maxRows, s.offsets = make([]stashed, columns), max(1, min(blockRows, blockValues/columns)), []int64{0}
	values := make([]int64, columns*s.maxRows)
	fillNulls(values)
	for i := range s.columns {
		s.columns[i].values, values = values[:s.maxRows:s.maxRows], values[s.maxRows:]
	}
}

func fillNulls(values []int64) {
	for i := range values {
		values[i] = nullValue
	}
}

// keep puts what a value of a column that is not text was read as.
func (c *stashed) keep(row int, p *profile, before kind, listed bool) {
	if p.kind != before && !p.goesOn(before, listed) {
		c.lost = true
	}
	if last := p.reach.last; last.known {
		c.put(row, last.value, last.scale)
	} else if p.kind != text {
		c.lost = true
	}
}

// goesOn tells whether the values that a column had before it became what it is are read as before.
func (p *profile) goesOn(before kind, listed bool) bool {
	switch before {
	case unknown:
		return p.kind != text || p.tokens == 0 || listed // they are text then
	case integer:
		return p.kind == decimal
	}
	return false
}

// stays tells whether the values are read in the end as pass one read them, if they were exact.
func (p *profile) stays(r *reading, listed bool) bool {
	was := p.kind
	if was == assigned {
		was = p.given.kind
	}
	switch r.kind {
	case boolean:
		return was == boolean
	case integer, decimal:
		return was == r.kind && (r.form == nil || r.form.mark == '.')
	case date, timestamp:
		return was == r.kind && r.layout == isoDate
	case text:
		return was == text || was == unknown && (p.tokens == 0 || listed)
	}
	return false
}

// put sets a value of a row, which is null before.
func (c *stashed) put(row int, value int64, scale int) {
	if scale != c.scale && value != nullValue {
		value = c.rescale(value, scale)
	}
	c.values[row] = value
}

// rescale brings the value, or the column to the greater scale.
func (c *stashed) rescale(value int64, scale int) int64 {
	if scale < c.scale {
		return c.times(value, c.scale-scale)
	}
	for i, v := range c.values {
		if v != nullValue {
			c.values[i] = c.times(v, scale-c.scale)
		}
	}
	c.scale = scale
	return value
}

func (c *stashed) times(value int64, digits int) int64 {
	scaled := times(value, digits)
	c.lost = c.lost || scaled == math.MinInt64 || scaled == math.MaxInt64
	return scaled
}

// endRow goes on to the next row. What cannot be written is lost.
func (s *stash) endRow() {
	if s.rows++; s.rows == s.maxRows {
		s.endBlock()
	}
}

// end ends the last block.
func (s *stash) end() {
	if s != nil && s.rows > 0 {
		s.endBlock()
	}
}

func (s *stash) endBlock() {
	for i := range s.columns {
		c := &s.columns[i]
		s.buffer = c.pack(s.buffer, s.rows)
		fillNulls(c.values[:s.rows])
	}
	s.rows = 0
	s.offsets = append(s.offsets, s.written+int64(len(s.buffer)))
	if len(s.buffer) >= stashBuffer && s.flush() != nil {
		s.lose()
	}
}

func (s *stash) flush() (err error) {
	if s.file == nil {
		if s.file, err = createUnlinked(s.dir); err != nil {
			return err
		}
	}
	n, err := s.file.Write(s.buffer)
	s.written, s.buffer = s.written+int64(n), s.buffer[:0]
	return err
}

func (s *stash) lose() {
	s.buffer = nil
	for i := range s.columns {
		s.columns[i].lost = true
	}
}

func (s *stash) close() {
	if s != nil && s.file != nil {
		s.file.Close()
	}
}

// pack appends the column's values in as few bytes as the widest needs.
func (c *stashed) pack(b []byte, rows int) []byte {
	if c.lost {
		return append(b, 0, 0)
	}
	values := c.values[:rows]
	low, high, _ := spanOf(values)
	n := len(b) + blockHeader
	switch {
	case low > math.MinInt16 && high <= math.MaxInt16:
		b = append(grow(b, 2*rows), 2, byte(c.scale))[:n+2*rows]
		for i, v := range values {
			binary.LittleEndian.PutUint16(b[n+2*i:], uint16(max(v, math.MinInt16)))
		}
	case low > math.MinInt32 && high <= math.MaxInt32:
		b = append(grow(b, 4*rows), 4, byte(c.scale))[:n+4*rows]
		for i, v := range values {
			binary.LittleEndian.PutUint32(b[n+4*i:], uint32(max(v, math.MinInt32)))
		}
	default:
		b = append(grow(b, 8*rows), 8, byte(c.scale))[:n+8*rows]
		for i, v := range values {
			binary.LittleEndian.PutUint64(b[n+8*i:], uint64(v))
		}
	}
	return b
}

// grow makes room for a column of a block.
func grow(b []byte, size int) []byte {
	if size += blockHeader; cap(b)-len(b) < size {
		b = append(make([]byte, 0, max(2*cap(b), len(b)+size)), b...)
	}
	return b
}

// spanOf returns the least and the greatest value that is not null, and how many are null.
func spanOf(values []int64) (low, high int64, nulls int) {
	low, high = math.MaxInt64, math.MinInt64
	for _, v := range values {
		if v == nullValue {
			nulls++
			continue
		}
		low, high = min(low, v), max(high, v)
	}
	return low, high, nulls
}

// unstash reads the columns of a stash that are not lost.
type unstash struct {
	*stash
	wanted  []bool
	block   int // the next one
	row     int // the next one of the block that is read
	rows    int // of that block
	left    int64
	bytes   []byte
	starts  []int // of the columns in bytes
	scratch []int64
}

func (s *stash) open(rows int64, wanted []bool) *unstash {
	return &unstash{stash: s, wanted: wanted, left: rows, starts: make([]int, len(s.columns)), scratch: make([]int64, s.maxRows)}
}

// fill adds the next rows to a row group.
func (u *unstash) fill(g *rowGroup, rows int) error {
	for rows > 0 {
		if u.row == u.rows {
			if err := u.next(); err != nil {
				return err
			}
		}
		n := min(rows, u.rows-u.row)
		for i, wanted := range u.wanted {
			if wanted && !g.encoders[i].addValues(&g.vectors[i], u.values(i, n, g.encoders[i].scale)) {
				return fmt.Errorf("a value among rows %d does not fit column %d", g.first+1, i+1)
			}
		}
		u.row += n
		rows -= n
	}
	return nil
}

// next reads a block.
func (u *unstash) next() error {
	from, to := u.offsets[u.block], u.offsets[u.block+1]
	if from >= u.written {
		u.bytes = u.buffer[from-u.written : to-u.written]
	} else {
		if size := int(to - from); cap(u.bytes) < size {
			u.bytes = make([]byte, size)
		}
		u.bytes = u.bytes[:to-from]
		if _, err := u.file.ReadAt(u.bytes, from); err != nil {
			return err
		}
	}
	u.block++
	u.row, u.rows = 0, int(min(u.left, int64(u.maxRows)))
	u.left -= int64(u.rows)
	at := 0
	for i := range u.starts {
		u.starts[i] = at
		at += blockHeader + int(u.bytes[at])*u.rows
	}
	return nil
}

// values returns the next n values of a column at a scale. They are valid until the next call.
func (u *unstash) values(i, n, scale int) []int64 {
	column := u.bytes[u.starts[i]:]
	size := int(column[0])
	packed, values := column[blockHeader+u.row*size:][:n*size], u.scratch[:n]
	switch size {
	case 2:
		for i := range values {
			values[i] = int64(int16(binary.LittleEndian.Uint16(packed[2*i:])))
		}
		widen(values, math.MinInt16)
	case 4:
		for i := range values {
			values[i] = int64(int32(binary.LittleEndian.Uint32(packed[4*i:])))
		}
		widen(values, math.MinInt32)
	default:
		for i := range values {
			values[i] = int64(binary.LittleEndian.Uint64(packed[8*i:]))
		}
	}
	if d := scale - int(column[1]); d > 0 {
		for i, v := range values {
			if v != nullValue {
				values[i] = v * pow10[d]
			}
		}
	}
	return values
}

// widen turns the null of narrow values into nullValue.
func widen(values []int64, null int64) {
	for i, v := range values {
		if v == null {
			values[i] = nullValue
		}
	}
}
