package ingest

import (
	"encoding/binary"
	"fmt"
	"math"
)

// unstash reads the columns of a stash that are not lost.
type unstash struct {
	*stash
	wanted  []bool
	block   int // the next one
	row     int // the next one of the block that is read
	rows    int // of that block
	bytes   []byte
	starts  []int // of the columns in bytes
	scratch []int64
}

func (s *stash) open(wanted []bool) *unstash {
	return &unstash{stash: s, wanted: wanted, starts: make([]int, len(s.columns)), scratch: make([]int64, s.maxRows)}
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
	from, to := u.blocks[u.block].start, u.blocks[u.block].end
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
	u.row, u.rows = 0, u.blocks[u.block].rows
	u.block++
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
	case 0:
		fillNulls(values)
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
