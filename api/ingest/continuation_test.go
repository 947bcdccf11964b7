package ingest

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/insightforge/insightforge/api/column"
)

// TestADictionaryGoesOn: whatever words are stored already, the codes are those of the pages that are stored in the end.
func TestADictionaryGoesOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-e]{1,3}`)
		was := wordPages{}
		for _, w := range rapid.SliceOfNDistinct(word, 0, 50, rapid.ID).Draw(t, "stored") {
			was.append([]byte(w))
		}
		for i := range rapid.SampledFrom([]int{0, 900, pageWords - was.n, 2 * pageWords, 2*pageWords - was.n}).Draw(t, "and") {
			was.append([]byte(strconv.Itoa(i)))
		}
		values := rapid.SliceOfN(rapid.OneOf(word, rapid.Just("")), 1, 60).Draw(t, "values")
		f, err := Spool(t.Context(), strings.NewReader("n,word,none\n0,"+strings.Join(values, ",\n0,")+",\n"), Options{Dir: dir, Columns: ofTypes("integer", "text", "text")})
		require.NoError(t, err)
		defer f.Close()
		if rapid.Bool().Draw(t, "told of another before") {
			goOn(t, f, 2, pagesOf(rapid.SampledFrom([]int{3, pageWords + 7}).Draw(t, "words")))
		}
		goOn(t, f, 2, was.pages)
		goOn(t, f, 3, was.pages)
		_, pages := f.Words(3)
		require.Empty(t, pages, "all null")
		require.EqualValues(t, was.n, f.Columns[2].DistinctCount)

		all := was.pages
		got := stored(t, f)
		if first, pages := f.Words(2); pages != nil {
			all = append(all[:first:first], pages...)
		}
		requireSame(t, f)
		require.Equal(t, got, stored(t, f), "told twice")
		var words []any
		for _, page := range all {
			words = append(words, decodeArray(t, column.Texts, page)...)
		}
		require.EqualValues(t, f.Columns[1].DistinctCount, len(words))
		distinct := map[any]bool{}
		for _, w := range words {
			distinct[w] = true
		}
		require.Len(t, distinct, len(words))
		bytes := 0
		for _, w := range words {
			bytes += len(w.(string)) + WordCost
		}
		require.Equal(t, bytes, f.Columns[1].WordBytes)
		var coded []any
		require.NoError(t, f.Chunks(t.Context(), func(c Chunk) error {
			if c.ColumnNo == 2 {
				coded = append(coded, decodeArray(t, c.Payload, c.Array)...)
			}
			return nil
		}))
		for row, v := range values {
			if v == "" {
				require.Nil(t, coded[row])
			} else {
				require.Equal(t, v, words[coded[row].(int64)])
			}
		}
	})
}

func goOn(t require.TestingT, f *File, columnNo int, pages [][]byte) {
	tell := f.GoOn(columnNo)
	for _, page := range pages {
		require.NoError(t, tell(page))
	}
}

// pagesOf are n words as they are stored.
func pagesOf(n int) [][]byte {
	words := wordPages{}
	for i := range n {
		words.append([]byte(strconv.Itoa(i)))
	}
	return words.pages
}

func TestADictionaryThatGrowsTooLargeIsNone(t *testing.T) {
	t.Parallel()
	for words, payload := range map[int]column.Payload{1<<15 - 1: column.Int2s, 1 << 15: column.Codes, MaxWords - 1: column.Codes, MaxWords: column.Texts} {
		f := spooled(t, "word\nnew\n", Options{})
		goOn(t, f, 1, pagesOf(words))
		require.Equal(t, payload, f.Columns[0].Payload, words)
	}
}

func TestOnlyTextsAreADictionary(t *testing.T) {
	t.Parallel()
	f := spooled(t, "word\nnew\n", Options{})
	page := pagesOf(3)[0]
	for _, broken := range [][]byte{nil, page[:headerSize-1], page[:len(page)-1], page[:headerSize], Nulls(column.Ints, 1), Nulls(column.Texts, 1)} {
		require.ErrorIs(t, f.GoOn(1)(broken), errNotTexts)
	}
}
