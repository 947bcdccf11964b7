package ingest

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
)

const (
	blockRows   = 1024      // of a stash
	blockValues = 128 << 10 // of all columns: wide tables have fewer rows in a block
	blockText   = 256 << 10 // a block with as much text has no more rows
	maxBlocks   = 3         // in memory
	stashBuffer = 256 << 10
	nullValue   = math.MinInt64
	blockHeader = 2 // of a column in a block: bytes of a value, scale
)

// stash keeps what pass one has read of the values, in blocks of rows, so that pass two need not read their text again:
// numbers, days, microseconds and codes of words. A column with a value of which pass one does not know how it will be
// read in the end is lost. Blocks are in an unlinked file, the last ones in memory.
//
// Words get their codes, and blocks are written, while pass one goes on; [stash.finish] waits for that.
type stash struct {
	dir     string
	maxRows int       // of a block
	columns []stashed // as far as pass one has come
	block   *block    // that is being filled
	made    int       // blocks
	full    chan *block
	free    chan *block
	done    chan struct{}

	words   *vocabulary // from here on: of [stash.settle]
	clues   []clues
	file    *os.File // nil until there is more than a buffer of blocks
	fail    error    // what it could not be written for: then every column is lost
	blocks  []blockPlace
	end     int64  // of the last one
	written int64  // bytes in the file
	buffer  []byte // what comes after them
}

// errStashTooLarge is of a stash of more than twice the upload: much of it would be nulls beside large numbers.
var errStashTooLarge = errors.New("the values take more than their text")

// stashed is a column of a stash.
type stashed struct {
	values []int64 // of the block that is being filled; null is nullValue
	scale  int     // they are value·10^-scale
	lost   bool
	worded bool // values are words, see [block.putWord]
	over   bool // it has too many words
}

// block is a range of rows. Its columns are copies of the stash's, made when it is full.
type block struct {
	columns []stashed
	rows    int
	text    []byte // of words
	read    int64  // bytes of the upload up to the end of the block
}

type blockPlace struct {
	start, end int64
	rows       int
}

func (s *stash) begin(words *vocabulary, clues []clues) {
	columns := len(clues)
	s.words, s.clues, s.columns, s.maxRows = words, clues, make([]stashed, columns), max(1, min(blockRows, blockValues/columns))
	s.next(s.newBlock())
}

func (s *stash) newBlock() *block {
	s.made++
	b := &block{columns: make([]stashed, len(s.columns))}
	values := make([]int64, len(s.columns)*s.maxRows)
	fillNulls(values)
	for i := range b.columns {
		b.columns[i].values, values = values[:s.maxRows:s.maxRows], values[s.maxRows:]
	}
	return b
}

// next goes on with an empty block.
func (s *stash) next(b *block) {
	s.block, b.rows, b.text = b, 0, b.text[:0]
	for i := range s.columns {
		c := &s.columns[i]
		c.values, c.worded, c.over = b.columns[i].values, false, c.over || b.columns[i].over
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

const wordBits = 24 // of the length of a word

// putWord sets a value to a word that has no code yet.
func (s *stash) putWord(i int, word []byte) {
	c, b := &s.columns[i], s.block
	if c.over {
		return
	}
	c.worded = true
	c.values[b.rows] = int64(len(b.text))<<wordBits | int64(len(word))
	b.text = append(b.text, word...)
}

// endRow goes on to the next row, after so many bytes of the upload.
func (s *stash) endRow(early bool, read int64) {
	b := s.block
	b.read = read
	if b.rows++; b.rows == s.maxRows || len(b.text) >= blockText || early {
		s.endBlock()
	}
}

// endBlock hands the block over to be settled.
func (s *stash) endBlock() {
	s.copyTo(s.block)
	if s.full == nil {
		s.full, s.free, s.done = make(chan *block, maxBlocks), make(chan *block, maxBlocks), make(chan struct{})
		go s.settleAll()
	}
	s.full <- s.block
	if s.made < maxBlocks {
		s.next(s.newBlock())
	} else {
		s.next(<-s.free)
	}
}

func (s *stash) copyTo(b *block) {
	for i, c := range s.columns {
		c.over = b.columns[i].over
		b.columns[i] = c
	}
}

// finish waits until every block is settled.
func (s *stash) finish() {
	if s == nil || s.block == nil {
		return
	}
	s.copyTo(s.block)
	if s.full != nil {
		close(s.full)
		<-s.done
	}
	if s.block.rows > 0 {
		s.settle(s.block)
	}
	for i := range s.columns {
		s.columns[i].lost = s.columns[i].lost || s.fail != nil
	}
	s.block, s.full, s.free = nil, nil, nil
}

func (s *stash) settleAll() {
	defer close(s.done)
	for b := range s.full {
		s.settle(b)
		s.free <- b
	}
}

// settle gives words their codes and writes a block, which is empty then.
func (s *stash) settle(b *block) {
	for i := range b.columns {
		c := &b.columns[i]
		if c.worded {
			s.code(i, c.values[:b.rows], b.text)
			c.over = s.words.columns[i].over
		}
		c.lost = c.lost || c.over
		s.buffer = c.pack(s.buffer, b.rows)
		fillNulls(c.values[:b.rows])
	}
	end := s.written + int64(len(s.buffer))
	s.blocks = append(s.blocks, blockPlace{s.end, end, b.rows})
	s.end = end
	if end > 2*b.read+4*stashBuffer && s.fail == nil {
		s.fail = errStashTooLarge
	}
	if len(s.buffer) >= stashBuffer {
		s.flush()
	}
}

func (s *stash) code(i int, values []int64, text []byte) {
	for row, v := range values {
		if v == nullValue {
			continue
		}
		word := text[v>>wordBits:][:v&(1<<wordBits-1)]
		code, fresh := s.words.add(i, word)
		if fresh {
			s.clues[i].add(word)
		}
		values[row] = int64(code)
	}
}

func (s *stash) flush() {
	n := 0
	if s.file == nil && s.fail == nil {
		s.file, s.fail = createUnlinked(s.dir)
	}
	if s.fail == nil {
		n, s.fail = s.file.Write(s.buffer)
	}
	s.written, s.buffer = s.written+int64(n), s.buffer[:0]
}

func (s *stash) close() {
	if s != nil && s.file != nil {
		s.file.Close()
	}
}

// pack appends the column's values in as few bytes as the widest needs, none where all are null.
func (c *stashed) pack(b []byte, rows int) []byte {
	if c.lost {
		return append(b, 0, 0)
	}
	values := c.values[:rows]
	low, high, nulls := spanOf(values)
	n := len(b) + blockHeader
	switch {
	case nulls == rows:
		b = append(b, 0, byte(c.scale))
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
