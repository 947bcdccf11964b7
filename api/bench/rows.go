package bench

import (
	"io"
	"math/rand/v2"
	"strconv"
	"time"
)

// header names the columns: 4 integers, 2 decimals, a boolean, a date, a timestamp, and 3 texts of 5, 1,000 and 20,000
// distinct values. The table of typedTable has the same.
const header = "id,quantity,age,code,price,rate,active,day,at,region,product,customer\n"

const typedTable = `
create table bench.rows (id bigint, quantity integer, age integer, code integer, price numeric, rate numeric, active boolean,
  day date, at timestamp, region text, product text, customer text)`

// columnTypes are the same, as an upload is told them.
const columnTypes = `[{"name": "id", "type": "integer"}, {"name": "quantity", "type": "integer"}, {"name": "age", "type": "integer"},
  {"name": "code", "type": "integer"}, {"name": "price", "type": "decimal", "scale": 2}, {"name": "rate", "type": "decimal", "scale": 4},
  {"name": "active", "type": "boolean"}, {"name": "day", "type": "date"}, {"name": "at", "type": "timestamp"},
  {"name": "region", "type": "text"}, {"name": "product", "type": "text"}, {"name": "customer", "type": "text"}]`

// csv is a reader of generated rows, the same at every run: in order of time, as logs and ledgers are, and random in
// every other column.
type csv struct {
	random *rand.Rand
	step   time.Duration                    // between two rows
	more   func(rows int, bytes int64) bool // whether there is a next row after so many
	rows   int
	bytes  int64
	buf    []byte
	at     int // what of buf was read
}

func newCSV(step time.Duration, more func(rows int, bytes int64) bool) *csv {
	return &csv{random: rand.New(rand.NewPCG(1, 2)), step: step, more: more, buf: []byte(header), bytes: int64(len(header))}
}

// csvOfRows has n rows over nine and a half years, csvOfBytes as many as fill n bytes.
func csvOfRows(n int) *csv {
	return newCSV(300_000_000*time.Second/time.Duration(n), func(rows int, _ int64) bool { return rows < n })
}

func csvOfBytes(n int64) *csv {
	return newCSV(30*time.Second, func(_ int, bytes int64) bool { return bytes < n })
}

// Read implements io.Reader.
func (c *csv) Read(p []byte) (int, error) {
	if c.at == len(c.buf) {
		c.fill()
	}
	if c.at == len(c.buf) {
		return 0, io.EOF
	}
	n := copy(p, c.buf[c.at:])
	c.at += n
	return n, nil
}

// fill makes the next rows.
func (c *csv) fill() {
	c.buf, c.at = c.buf[:0], 0
	for len(c.buf) < 64<<10 && c.more(c.rows, c.bytes+int64(len(c.buf))) {
		c.rows++
		c.row()
	}
	c.bytes += int64(len(c.buf))
}

var firstInstant = time.Date(2014, 3, 1, 0, 0, 0, 0, time.UTC)

func (c *csv) row() {
	at := firstInstant.Add(time.Duration(c.rows) * c.step).Truncate(time.Second)
	b := strconv.AppendInt(c.buf, int64(c.rows), 10)
	for _, n := range []int64{c.random.Int64N(100), c.random.Int64N(80), c.random.Int64N(1_000_000) - 500_000} {
		b = strconv.AppendInt(append(b, ','), n, 10)
	}
	b = strconv.AppendFloat(append(b, ','), float64(c.random.IntN(100_000))/100, 'f', 2, 64)
	b = strconv.AppendFloat(append(b, ','), float64(c.random.IntN(10_000))/10_000, 'f', 4, 64)
	b = strconv.AppendBool(append(b, ','), c.random.IntN(2) == 0)
	b = at.AppendFormat(append(b, ','), time.DateOnly)
	b = at.AppendFormat(append(b, ','), time.RFC3339)
	b = strconv.AppendInt(append(b, ",region "...), c.random.Int64N(5), 10)
	b = strconv.AppendInt(append(b, ",product "...), c.random.Int64N(1_000), 10)
	b = strconv.AppendInt(append(b, ",customer-"...), c.random.Int64N(20_000), 10)
	c.buf = append(b, '\n')
}
