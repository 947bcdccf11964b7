package transcode

import (
	"bytes"
	"context"
	"crypto/sha256"
	"hash"
	"io"
)

// source is what is sent: it stops with its context, remembers the reader's own error, counts and
// hashes.
type source struct {
	ctx   context.Context
	r     io.Reader
	hash  hash.Hash
	bytes int64
	err   error
}

func newSource(ctx context.Context, r io.Reader) *source {
	return &source{ctx: ctx, r: r, hash: sha256.New()}
}

func (s *source) Read(b []byte) (int, error) {
	if err := context.Cause(s.ctx); err != nil {
		s.err = err
		return 0, err
	}
	n, err := s.r.Read(b)
	s.bytes += int64(n)
	s.hash.Write(b[:n])
	s.err = err
	return n, err
}

const headSize = 4096

// peek returns the first bytes of r, and a reader that begins with them again.
func peek(r io.Reader) (head []byte, again io.Reader, err error) {
	head = make([]byte, headSize)
	n, err := fill(r, head)
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	head = head[:n]
	if err == io.EOF {
		return head, bytes.NewReader(head), nil
	}
	return head, io.MultiReader(bytes.NewReader(head), r), nil
}

// fill reads until b is full. Its error is r's own: io.EOF at the end of r, where n may be greater than 0. Unlike
// io.ReadFull it tells an upload that broke off (io.ErrUnexpectedEOF) from the end of a file.
func fill(r io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var m int
		m, err = r.Read(b[n:])
		n += m
	}
	return n, err
}
