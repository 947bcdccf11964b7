package transcode

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/bits"
	"slices"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

const (
	maxPage       = 64 << 20  // bytes of a page, compressed or not
	maxPages      = 128 << 20 // bytes of all pages and dictionaries that are held at once
	maxPageHeader = 5 << 20   // with the least and the greatest value, twice
)

// The kinds of pages, and the encodings.
const (
	dataPage       = 0
	indexPage      = 1
	dictionaryPage = 2
	dataPageV2     = 3

	encodingPlain           = 0
	encodingPlainDictionary = 2
	encodingRLE             = 3
	encodingDeltas          = 5
	encodingDeltaLengths    = 6
	encodingDeltaBytes      = 7
	encodingDictionary      = 8
	encodingSplit           = 9
)

// pages are what all columns of a file share: the file, and how much of it is held.
type pages struct {
	file *countingFile
	size int64
	held int
	zstd *zstd.Decoder
}

// countingFile remembers the disk's own error.
type countingFile struct {
	io.ReaderAt
	err error
}

func (f *countingFile) ReadAt(b []byte, at int64) (int, error) {
	n, err := f.ReaderAt.ReadAt(b, at)
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}

// grow makes a buffer hold n bytes.
func (p *pages) grow(b []byte, n int) ([]byte, error) {
	if n > cap(b) {
		if p.held += n - cap(b); p.held > maxPages || n > maxPage {
			return nil, pageTooLarge()
		}
		b = make([]byte, n)
	}
	return b[:n], nil
}

// pageHeader is what stands before a page.
type pageHeader struct {
	kind                     int64
	size, compressed         int64
	crc                      int64
	checked                  bool // crc is there
	values                   int64
	encoding                 int64
	levels                   [2]int64 // the encodings of repetitions and definitions
	definitions, repetitions int64    // bytes of levels
	plain                    bool     // values of a page of version 2 are not compressed
}

func (h *pageHeader) read(r *thriftReader) {
	h.kind, h.size, h.compressed, h.values, h.levels = -1, -1, -1, -1, [2]int64{encodingRLE, encodingRLE}
	r.fields(thriftStruct, func(id int64, typ byte) {
		switch id {
		case 1:
			h.kind = r.int(typ)
		case 2:
			h.size = r.int(typ)
		case 3:
			h.compressed = r.int(typ)
		case 4:
			h.crc, h.checked = r.int(typ), true
		case 5, 7, 8:
			r.fields(typ, func(field int64, typ byte) { h.detail(r, id, field, typ) })
		default:
			r.skip(typ)
		}
	})
}

// detail reads a field of the header of one kind of page.
func (h *pageHeader) detail(r *thriftReader, kind, field int64, typ byte) {
	switch {
	case field == 1:
		h.values = r.int(typ)
	case kind != 8 && field == 2, kind == 8 && field == 4:
		h.encoding = r.int(typ)
	case kind == 5 && (field == 3 || field == 4):
		h.levels[4-field] = r.int(typ)
	case kind == 8 && field == 5:
		h.definitions = r.int(typ)
	case kind == 8 && field == 6:
		h.repetitions = r.int(typ)
	case kind == 8 && field == 7:
		h.plain = typ == thriftFalse
	default:
		r.skip(typ)
	}
}

// leafReader reads the entries of one leaf in one row group: levels, and a value where both say that there is one.
type leafReader struct {
	*pages
	node       *parquetNode
	codec      int64
	at, end    int64 // of the file
	left       int64 // entries not yet read, by the column's description
	inPage     int64 // of the page
	header     []byte
	compressed []byte
	page       []byte
	words      []byte // of the dictionary
	ends       []uint32
	dictionary *dictionary
	levels     [2]hybrid // repetitions, definitions
	values     values
	peeked     bool
	repetition int // of the entry that was peeked at
	definition int
}

func (l *leafReader) open(c parquetChunk) error {
	l.codec, l.at, l.end, l.left, l.inPage = c.codec, c.offset, c.offset+c.size, c.values, 0
	l.dictionary, l.values, l.peeked = nil, nil, false
	if c.size > l.size || c.offset > l.size-c.size {
		return damagedParquet("a column lies outside the file")
	}
	return nil
}

// peek reads the levels of the next entry; io.EOF after the last one.
func (l *leafReader) peek() error {
	if l.peeked {
		return nil
	}
	if l.left == 0 {
		return io.EOF
	}
	for l.inPage == 0 {
		if err := l.nextPage(); err != nil {
			return err
		}
	}
	repetition, err := l.level(0, l.node.repetitions)
	if err != nil {
		return err
	}
	definition, err := l.level(1, l.node.definitions)
	if err != nil {
		return err
	}
	l.inPage--
	l.left--
	l.repetition, l.definition, l.peeked = repetition, definition, true
	return nil
}

func (l *leafReader) level(i, highest int) (int, error) {
	if highest == 0 {
		return 0, nil
	}
	n, err := l.levels[i].next()
	if err != nil || n > uint64(highest) {
		return 0, errPage
	}
	return int(n), nil
}

// take returns the value of the entry that was peeked at; none where it is null.
func (l *leafReader) take() (v value, ok bool, err error) {
	l.peeked = false
	if l.definition < l.node.definitions {
		return value{}, false, nil
	}
	v, err = l.values.next()
	return v, true, err
}

// nextPage reads a page, or the dictionary.
func (l *leafReader) nextPage() error {
	h, err := l.readHeader()
	if err != nil {
		return err
	}
	switch h.kind {
	case dataPage, dataPageV2:
		if h.values > l.left {
			return errPage
		}
		l.inPage = h.values
	case dictionaryPage:
		if l.dictionary != nil || h.encoding != encodingPlain && h.encoding != encodingPlainDictionary {
			return errPage
		}
	default:
		l.at += h.compressed
		return nil
	}
	if l.compressed, err = l.grow(l.compressed, int(h.compressed)); err != nil {
		return err
	}
	if _, err = l.file.ReadAt(l.compressed, l.at); err != nil {
		return err
	}
	l.at += h.compressed
	if h.checked && crc32.ChecksumIEEE(l.compressed) != uint32(h.crc) {
		return errPage
	}
	switch h.kind {
	case dictionaryPage:
		return l.openDictionary(h)
	case dataPage:
		return l.openPage(h)
	}
	return l.openPageV2(h)
}

func (l *leafReader) readHeader() (h pageHeader, err error) {
	for size := int64(256); ; size *= 16 {
		size = min(size, maxPageHeader, l.end-l.at)
		l.header = slices.Grow(l.header[:0], int(size))[:size]
		if _, err := l.file.ReadAt(l.header, l.at); err != nil {
			return h, err
		}
		r := &thriftReader{b: l.header}
		h = pageHeader{}
		h.read(r)
		switch {
		case r.short && size < min(maxPageHeader, l.end-l.at):
			continue
		case r.bad:
			return h, errPage
		}
		l.at += int64(r.i)
		break
	}
	switch {
	case h.size < 0, h.compressed < 0, h.compressed > l.end-l.at, h.values < 0 && h.kind != indexPage:
		return h, errPage
	case h.size > maxPage, h.compressed > maxPage:
		return h, pageTooLarge()
	}
	return h, nil
}

func (l *leafReader) openDictionary(h pageHeader) (err error) {
	if l.words, err = l.expand(l.words, l.compressed, h.size); err != nil {
		return err
	}
	l.dictionary = &dictionary{b: l.words, width: l.width()}
	if l.dictionary.width > 0 {
		return nil
	}
	n, err := countBytes(l.words)
	if err != nil {
		return err
	}
	if n > cap(l.ends) {
		if l.held += 4 * (n - cap(l.ends)); l.held > maxPages {
			return pageTooLarge()
		}
		l.ends = make([]uint32, n)
	}
	l.dictionary.index(l.ends[:n])
	return nil
}

// width is the number of bytes of a value, where all have the same.
func (l *leafReader) width() int {
	return []int{1, 4, 8, 12, 4, 8, 0, l.node.length}[l.node.physical]
}

func (l *leafReader) openPage(h pageHeader) (err error) {
	if l.page, err = l.expand(l.page, l.compressed, h.size); err != nil {
		return err
	}
	b := l.page
	for i, highest := range []int{l.node.repetitions, l.node.definitions} {
		if highest == 0 {
			continue
		}
		if h.levels[i] != encodingRLE {
			return unsupported("A Parquet file with bit-packed levels", "Write it again with a newer program.")
		}
		if len(b) < 4 || uint64(binary.LittleEndian.Uint32(b)) > uint64(len(b)-4) {
			return errPage
		}
		n := binary.LittleEndian.Uint32(b)
		l.openLevels(i, highest, b[4:4+n])
		b = b[4+n:]
	}
	return l.openValues(h, b)
}

func (l *leafReader) openPageV2(h pageHeader) (err error) {
	levels := h.repetitions + h.definitions
	if h.repetitions < 0 || h.definitions < 0 || levels > h.compressed || levels > h.size {
		return errPage
	}
	l.openLevels(0, l.node.repetitions, l.compressed[:h.repetitions])
	l.openLevels(1, l.node.definitions, l.compressed[h.repetitions:levels])
	b := l.compressed[levels:]
	if !h.plain && len(b) > 0 {
		if l.page, err = l.expand(l.page, b, h.size-levels); err != nil {
			return err
		}
		b = l.page
	}
	return l.openValues(h, b)
}

func (l *leafReader) openLevels(i, highest int, b []byte) {
	l.levels[i] = hybrid{b: b, width: uint(bits.Len(uint(highest)))}
}

func (l *leafReader) openValues(h pageHeader, b []byte) (err error) {
	physical, fixed := l.node.physical, l.width()
	switch e := h.encoding; {
	case e == encodingPlain && physical == parquetBoolean:
		l.values = &plainBooleans{b: b}
	case e == encodingPlain && fixed == 0:
		l.values = &plainBytes{b}
	case e == encodingPlain:
		l.values = &plainFixed{b, fixed}
	case (e == encodingDictionary || e == encodingPlainDictionary) && l.dictionary != nil:
		if len(b) == 0 {
			b = []byte{0} // all are null
		}
		if b[0] > 32 {
			return errPage
		}
		l.values = &indexed{hybrid{b: b[1:], width: uint(b[0])}, l.dictionary}
	case e == encodingRLE && physical == parquetBoolean:
		if len(b) < 4 {
			return errPage
		}
		l.values = &runBooleans{hybrid{b: b[4:], width: 1}}
	case e == encodingDeltas && (physical == parquetInt32 || physical == parquetInt64):
		l.values, err = newDeltas(b)
	case e == encodingDeltaLengths && physical == parquetByteArray:
		l.values, err = newDeltaLengths(b)
	case e == encodingDeltaBytes && (physical == parquetByteArray || physical == parquetFixed):
		l.values, err = newDeltaBytes(b)
		if physical == parquetFixed {
			l.values = &sized{l.values, fixed}
		}
	case e == encodingSplit && fixed > 1 && physical != parquetInt96:
		l.values, err = newSplitBytes(b, fixed)
	default:
		return errPage
	}
	return err
}

// sized checks that values have the size of their type.
type sized struct {
	values
	size int
}

func (s *sized) next() (value, error) {
	v, err := s.values.next()
	if err == nil && len(v.bytes) != s.size {
		return value{}, errPage
	}
	return v, err
}

// expand decompresses src into dst, which holds size bytes then, no more and no fewer, whatever src says of itself.
func (l *leafReader) expand(dst, src []byte, size int64) (out []byte, err error) {
	if dst, err = l.grow(dst, int(size)); err != nil {
		return nil, err
	}
	defer func() {
		if recover() != nil { // of a library, at input that it did not expect
			out, err = nil, errPage
		}
	}()
	n, err := 0, error(nil)
	switch l.codec {
	case 0:
		n, dst = len(src), append(dst[:0], src[:min(len(src), len(dst))]...)
	case 1:
		n, err = s2.DecodedLen(src)
		if err == nil && n == len(dst) {
			dst, err = s2.Decode(dst, src)
		}
	case 2:
		var z *gzip.Reader
		if z, err = gzip.NewReader(bytes.NewReader(src)); err == nil {
			n, err = readExactly(z, dst)
		}
	case 4:
		n, err = readExactly(brotli.NewReader(bytes.NewReader(src)), dst)
	case 6:
		n, err = l.zstdInto(dst, src)
	case 7:
		n, err = lz4.UncompressBlock(src, dst)
	default:
		return nil, unsupported("A Parquet file compressed with LZO or the older LZ4", "Use snappy, zstd, gzip, brotli, lz4_raw or no compression.")
	}
	if err != nil || n != int(size) {
		return nil, errors.Join(errPage, l.file.err)
	}
	return dst, nil
}

// readExactly fills b and checks that nothing follows.
func readExactly(r io.Reader, b []byte) (int, error) {
	if _, err := io.ReadFull(r, b); err != nil {
		return 0, err
	}
	var more [1]byte
	n, err := io.ReadFull(r, more[:])
	if err == io.EOF {
		err = nil
	}
	return len(b) + n, err
}

func (l *leafReader) zstdInto(dst, src []byte) (n int, err error) {
	if l.zstd == nil {
		l.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(maxPage), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			return 0, err
		}
	}
	out, err := l.zstd.DecodeAll(src, dst[:0:len(dst)])
	return len(out), err
}
