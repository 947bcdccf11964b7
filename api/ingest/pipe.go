package ingest

import "io"

// pipe hands blocks from the goroutine that reads an upload to the one that parses it. Unlike that of package io it lets
// the reader of the upload be some blocks ahead, so that neither waits for the other to wake up.
type pipe struct {
	free, full chan []byte
	stopped    chan struct{}
	err        error // what ended the upload, once full is closed
	block      []byte
	rest       []byte // of block
}

func newPipe() *pipe {
	const blocks = 3
	p := &pipe{free: make(chan []byte, blocks), full: make(chan []byte, blocks), stopped: make(chan struct{})}
	for range blocks {
		p.free <- make([]byte, 0, blockSize)
	}
	return p
}

// empty returns a block to fill, or errStopped.
func (p *pipe) empty() ([]byte, error) {
	select {
	case block := <-p.free:
		return block[:blockSize], nil
	case <-p.stopped:
		return nil, errStopped
	}
}

// end says that there are no more blocks; nil is the end of the upload.
func (p *pipe) end(err error) {
	if err == nil {
		err = io.EOF
	}
	p.err = err
	close(p.full)
}

// Read implements io.Reader.
func (p *pipe) Read(b []byte) (int, error) {
	for len(p.rest) == 0 {
		if p.block != nil {
			p.free <- p.block
		}
		p.block = <-p.full
		if p.block == nil {
			return 0, p.err
		}
		p.rest = p.block
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// stop says that nobody reads on.
func (p *pipe) stop() { close(p.stopped) }
