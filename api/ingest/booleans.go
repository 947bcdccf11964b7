package ingest

import "encoding/binary"

// words is a set of words for true and false. They come in pairs, of which a column has one.
type words uint8

const (
	wordTrue words = 1 << iota
	wordFalse
	wordYes
	wordNo
	wordY
	wordN
	wordT
	wordF
)

// pair is the word and its opposite.
func (w words) pair() words { return w | w<<1&0xAA | w>>1&0x55 }

// whole tells whether the words are booleans: true, false or both, or both of another pair. A column of nothing but n
// can be anything.
func (w words) whole() bool { return w&(wordTrue|wordFalse) != 0 || w == w.pair() && w&(w-1) != 0 }

// booleanWord reads true, false, yes, no, y, n, t or f in any case; 0 for others.
func booleanWord(v []byte) (words, int64) {
	if len(v) <= 3 {
		return shortWord(v)
	}
	return trueOrFalse(v)
}

func trueOrFalse(v []byte) (words, int64) {
	const caseBits = 0x20202020
	switch {
	case len(v) == 4 && binary.LittleEndian.Uint32(v)|caseBits == 'e'<<24|'u'<<16|'r'<<8|'t':
		return wordTrue, 1
	case len(v) == 5 && binary.LittleEndian.Uint32(v)|caseBits == 's'<<24|'l'<<16|'a'<<8|'f' && v[4]|0x20 == 'e':
		return wordFalse, 0
	}
	return 0, 0
}

func shortWord(v []byte) (words, int64) {
	w := 0
	for _, c := range v {
		w = w<<8 | int(c|0x20)
	}
	switch w {
	case 'y'<<16 | 'e'<<8 | 's':
		return wordYes, 1
	case 'n'<<8 | 'o':
		return wordNo, 0
	case 'y':
		return wordY, 1
	case 'n':
		return wordN, 0
	case 't':
		return wordT, 1
	case 'f':
		return wordF, 0
	}
	return 0, 0
}

// parseBoolean reads any of the words.
func parseBoolean(v []byte) (int64, bool) {
	if word, value := trueOrFalse(v); word != 0 {
		return value, true
	}
	word, value := booleanWord(v)
	return value, word != 0
}

// parseGivenBoolean reads any of the words, and 0 and 1, which are integers unless a type is given.
func parseGivenBoolean(v []byte) (int64, bool) {
	if len(v) == 1 && v[0]|1 == '1' {
		return int64(v[0] - '0'), true
	}
	return parseBoolean(v)
}
