package transcode

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"
)

const maxWindow = 8 << 20 // of zstd: what RFC 8878 asks every decoder for, and what levels up to 19 need

// compressionOf reads the magic number; that of zstd may be one of its skippable frames.
func compressionOf(head []byte) Compression {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return Gzip
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}),
		len(head) >= 4 && head[0]&0xf0 == 0x50 && bytes.Equal(head[1:4], []byte{0x2a, 0x4d, 0x18}):
		return Zstd
	}
	return None
}

// decompress returns the content of the file and its first bytes.
func (t *Table) decompress(opt Options) (content io.Reader, head []byte, err error) {
	head, content, err = peek(t.source)
	if err != nil {
		return nil, nil, err
	}
	t.Compression = compressionOf(head)
	if opt.Compression != "" && opt.Compression != t.Compression {
		return nil, nil, contradiction(opt.Compression.title(), t.Compression.title())
	}
	if t.Compression == None {
		return content, head, nil
	}
	expanded := &expander{compression: t.Compression, source: t.source, max: opt.MaxBytes}
	if err := expanded.open(content); err != nil {
		return nil, nil, err
	}
	t.closers = append(t.closers, expanded)
	head, content, err = peek(expanded)
	return content, head, err
}

func (c Compression) title() string {
	if c == None {
		return "not compressed"
	}
	return string(c)
}

// expander reads a compressed source within the limits. A stream that is cut short is a fault, not the end of a file.
type expander struct {
	compression Compression
	source      *source
	max         int64
	r           io.Reader
	close       func()
	bytes       int64
}

func (e *expander) open(r io.Reader) error {
	if e.compression == Gzip {
		z, err := gzip.NewReader(r)
		e.r, e.close = z, func() {}
		return e.fault(err)
	}
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(uint64(e.max)))
	if err != nil {
		return e.fault(err)
	}
	e.r, e.close = z, z.Close
	return nil
}

func (e *expander) Close() error { e.close(); return nil }

func (e *expander) Read(b []byte) (int, error) {
	n, err := e.r.Read(b)
	e.bytes += int64(n)
	if err := tooMuch(e.bytes, e.source.bytes, e.max); err != nil {
		return n, err
	}
	if err == io.EOF {
		return n, err
	}
	return n, e.fault(err)
}

func (e *expander) fault(err error) error {
	switch {
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return windowTooLarge()
	case errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return expandedTooLarge(e.max)
	}
	return broken(err, e.source, damagedCompression(e.compression))
}
