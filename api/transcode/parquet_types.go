package transcode

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/insightforge/insightforge/api/column"
)

type logicalKind uint8

const (
	noLogical logicalKind = iota
	logicalText
	logicalList
	logicalMap
	logicalDecimal
	logicalDate
	logicalTime
	logicalTimestamp
	logicalInteger
	logicalUUID
	logicalFloat16
	logicalInterval
	logicalBinary // known, and read as bytes: BSON, GEOMETRY, GEOGRAPHY
)

// logicalType says what the values of a physical type mean.
type logicalType struct {
	kind             logicalKind
	scale, precision int
	unit             time.Duration
	utc              bool
	unsigned         bool
}

// read reads the union LogicalType.
func (l *logicalType) read(r *thriftReader, typ byte) {
	r.fields(typ, func(id int64, typ byte) {
		kinds := map[int64]logicalKind{1: logicalText, 2: logicalMap, 3: logicalList, 4: logicalText, 5: logicalDecimal, 6: logicalDate,
			7: logicalTime, 8: logicalTimestamp, 10: logicalInteger, 12: logicalText, 13: logicalBinary, 14: logicalUUID,
			15: logicalFloat16, 17: logicalBinary, 18: logicalBinary}
		if l.kind = kinds[id]; l.kind == noLogical {
			r.skip(typ)
			return
		}
		r.fields(typ, func(id int64, typ byte) { l.parameter(r, id, typ) })
	})
}

func (l *logicalType) parameter(r *thriftReader, id int64, typ byte) {
	switch {
	case l.kind == logicalDecimal && id == 1:
		l.scale = int(r.int(typ))
	case l.kind == logicalDecimal && id == 2:
		l.precision = int(r.int(typ))
	case l.kind == logicalInteger && id == 2:
		l.unsigned = typ == thriftFalse
	case (l.kind == logicalTime || l.kind == logicalTimestamp) && id == 1:
		l.utc = typ == thriftTrue
	case (l.kind == logicalTime || l.kind == logicalTimestamp) && id == 2:
		units := map[int64]time.Duration{1: time.Millisecond, 2: time.Microsecond, 3: time.Nanosecond}
		r.fields(typ, func(id int64, typ byte) {
			l.unit = units[id]
			r.skip(typ)
		})
	default:
		r.skip(typ)
	}
}

// convert reads the older ConvertedType.
func (l *logicalType) convert(converted, scale, precision int64) {
	types := map[int64]logicalType{0: {kind: logicalText}, 1: {kind: logicalMap}, 3: {kind: logicalList}, 4: {kind: logicalText},
		5: {kind: logicalDecimal, scale: int(scale), precision: int(precision)}, 6: {kind: logicalDate},
		7: {kind: logicalTime, unit: time.Millisecond, utc: true}, 8: {kind: logicalTime, unit: time.Microsecond, utc: true},
		9: {kind: logicalTimestamp, unit: time.Millisecond, utc: true}, 10: {kind: logicalTimestamp, unit: time.Microsecond, utc: true},
		11: {kind: logicalInteger, unsigned: true}, 12: {kind: logicalInteger, unsigned: true}, 13: {kind: logicalInteger, unsigned: true},
		14: {kind: logicalInteger, unsigned: true}, 19: {kind: logicalText}, 20: {kind: logicalBinary}, 21: {kind: logicalInterval}}
	*l = types[converted]
}

// value is one value: its bits, or its bytes.
type value struct {
	bits  uint64
	bytes []byte
}

// A render appends a value as text; nothing for a float that is not finite.
type render func(dst []byte, v value) ([]byte, error)

// leafType is how the values of a leaf are written.
type leafType struct {
	column Column
	render render
	quoted bool // in JSON
	nanos  bool // timestamps may have more digits than are kept
}

// cut tells whether a timestamp in nanoseconds loses digits.
func (t leafType) cut(v value) bool {
	if len(v.bytes) == 12 {
		return binary.LittleEndian.Uint64(v.bytes)%1000 != 0
	}
	return int64(v.bits)%1000 != 0
}

// valueFault is a value that its type does not have; the place is added by who knows it.
type valueFault string

func (f valueFault) Error() string { return string(f) }

// leafTypeOf refuses types that contradict themselves.
func leafTypeOf(e *parquetElement) (t leafType, err error) {
	bad := damagedParquet("the type of a column contradicts itself")
	l := e.logical
	integer := e.physical == parquetInt32 || e.physical == parquetInt64
	bytes := e.physical == parquetByteArray || e.physical == parquetFixed
	text := func(r render) leafType { return leafType{column: Column{Type: column.Text}, render: r, quoted: true} }
	switch {
	case e.physical < 0 || e.physical > parquetFixed, e.physical == parquetFixed && (e.length < 1 || e.length > maxRecord):
		return t, bad
	case l.kind == logicalDecimal && (integer || bytes):
		return decimalType(e, bad)
	case l.kind == logicalDate && e.physical == parquetInt32:
		return leafType{column: Column{Type: column.Date}, render: renderDate, quoted: true}, nil
	case l.kind == logicalTime && integer && l.unit > 0:
		return text(renderTime(l.unit)), nil
	case l.kind == logicalTimestamp && e.physical == parquetInt64 && l.unit > 0:
		return leafType{column: Column{Type: column.Timestamp, Zoned: l.utc}, render: renderTimestamp(l.unit, l.utc), quoted: true,
			nanos: l.unit == time.Nanosecond}, nil
	case l.kind == logicalInteger && l.unsigned && integer:
		return leafType{render: renderUnsigned(e.physical)}, nil // UINT64 is more than an integer holds
	case l.kind == logicalUUID && e.physical == parquetFixed && e.length == 16:
		return text(renderUUID), nil
	case l.kind == logicalFloat16 && e.physical == parquetFixed && e.length == 2:
		return leafType{column: Column{Type: column.Float}, render: renderFloat16}, nil
	case l.kind == logicalInterval && e.physical == parquetFixed && e.length == 12:
		return text(renderInterval), nil
	case l.kind == logicalText && bytes:
		return text(renderText), nil
	}
	return physicalType(e), nil
}

func physicalType(e *parquetElement) leafType {
	switch e.physical {
	case parquetBoolean:
		return leafType{column: Column{Type: column.Boolean}, render: renderBoolean}
	case parquetInt32:
		return leafType{column: Column{Type: column.Integer}, render: renderInt32}
	case parquetInt64:
		return leafType{column: Column{Type: column.Integer}, render: renderInt64}
	case parquetInt96:
		return leafType{column: Column{Type: column.Timestamp}, render: renderInt96, quoted: true, nanos: true}
	case parquetFloat:
		return leafType{column: Column{Type: column.Float}, render: renderFloat}
	case parquetDouble:
		return leafType{column: Column{Type: column.Float}, render: renderDouble}
	}
	bytes := renderBytes // of which older writers say not whether they are a text
	if e.logical.kind == logicalBinary || e.physical == parquetFixed {
		bytes = renderHex
	}
	return leafType{column: Column{Type: column.Text}, render: bytes, quoted: true}
}

const maxDigits = 18

func decimalType(e *parquetElement, bad error) (leafType, error) {
	scale, precision := e.logical.scale, e.logical.precision
	if scale < 0 || precision < 1 || scale > precision || precision > 1000 {
		return leafType{}, bad
	}
	t := leafType{render: renderDecimal(e.physical, scale)}
	if precision <= maxDigits {
		t.column = Column{Type: column.Decimal, Scale: scale}
	}
	return t, nil
}

func renderBoolean(dst []byte, v value) ([]byte, error) {
	return strconv.AppendBool(dst, v.bits != 0), nil
}

func renderInt32(dst []byte, v value) ([]byte, error) {
	return strconv.AppendInt(dst, int64(int32(v.bits)), 10), nil
}

func renderInt64(dst []byte, v value) ([]byte, error) {
	return strconv.AppendInt(dst, int64(v.bits), 10), nil
}

func renderUnsigned(physical int) render {
	mask := uint64(math.MaxUint64)
	if physical == parquetInt32 {
		mask = math.MaxUint32
	}
	return func(dst []byte, v value) ([]byte, error) { return strconv.AppendUint(dst, v.bits&mask, 10), nil }
}

func appendFloat(dst []byte, f float64, size int) []byte {
	if f-f != 0 {
		return dst
	}
	return strconv.AppendFloat(dst, f, 'g', -1, size)
}

func renderFloat(dst []byte, v value) ([]byte, error) {
	return appendFloat(dst, float64(math.Float32frombits(uint32(v.bits))), 32), nil
}

func renderDouble(dst []byte, v value) ([]byte, error) {
	return appendFloat(dst, math.Float64frombits(v.bits), 64), nil
}

// renderFloat16 widens a half: sign, five bits of exponent, ten of fraction.
func renderFloat16(dst []byte, v value) ([]byte, error) {
	h := binary.LittleEndian.Uint16(v.bytes)
	exponent, fraction := int(h>>10&0x1f), float64(h&0x3ff)
	f := math.Ldexp(fraction/1024, -14)
	switch exponent {
	case 0:
	case 31:
		return dst, nil
	default:
		f = math.Ldexp(1+fraction/1024, exponent-15)
	}
	if h>>15 != 0 {
		f = -f
	}
	return appendFloat(dst, f, 32), nil
}

func renderDecimal(physical, scale int) render {
	return func(dst []byte, v value) ([]byte, error) {
		switch physical {
		case parquetInt32:
			return appendPoint(dst, strconv.AppendInt(nil, int64(int32(v.bits)), 10), scale), nil
		case parquetInt64:
			return appendPoint(dst, strconv.AppendInt(nil, int64(v.bits), 10), scale), nil
		}
		if len(v.bytes) > 512 {
			return nil, valueFault("is no decimal")
		}
		n := new(big.Int).SetBytes(v.bytes)
		if len(v.bytes) > 0 && v.bytes[0]&0x80 != 0 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(v.bytes)))) // two's complement
		}
		return appendPoint(dst, n.Append(nil, 10), scale), nil
	}
}

// appendPoint appends digits with a point before the last scale of them.
func appendPoint(dst, digits []byte, scale int) []byte {
	if digits[0] == '-' {
		dst, digits = append(dst, '-'), digits[1:]
	}
	if scale == 0 {
		return append(dst, digits...)
	}
	whole := len(digits) - scale
	if whole <= 0 {
		dst = append(dst, '0')
	} else {
		dst = append(dst, digits[:whole]...)
	}
	dst = append(dst, '.')
	for ; whole < 0; whole++ {
		dst = append(dst, '0')
	}
	return append(dst, digits[whole:]...)
}

func renderDate(dst []byte, v value) ([]byte, error) {
	return appendTime(dst, time.Unix(int64(int32(v.bits))*86_400, 0), time.DateOnly)
}

func appendTime(dst []byte, at time.Time, layout string) ([]byte, error) {
	at = at.UTC()
	if year := at.Year(); year < 1 || year > 9999 {
		return nil, valueFault("is not in the years 1 to 9999")
	}
	return at.AppendFormat(dst, layout), nil
}

func renderTimestamp(unit time.Duration, utc bool) render {
	layout := "2006-01-02T15:04:05.999999"
	if utc {
		layout += "Z"
	}
	second := int64(time.Second / unit)
	return func(dst []byte, v value) ([]byte, error) {
		n := int64(v.bits)
		whole := n / second
		return appendTime(dst, time.Unix(whole, (n-whole*second)*int64(unit)), layout)
	}
}

// renderInt96 reads nanoseconds of a day and a Julian day.
func renderInt96(dst []byte, v value) ([]byte, error) {
	nanos := int64(binary.LittleEndian.Uint64(v.bytes))
	days := int64(int32(binary.LittleEndian.Uint32(v.bytes[8:]))) - 2_440_588
	return appendTime(dst, time.Unix(days*86_400, nanos), "2006-01-02T15:04:05.999999")
}

func renderTime(unit time.Duration) render {
	return func(dst []byte, v value) ([]byte, error) {
		n := int64(v.bits)
		if unit == time.Millisecond {
			n = int64(int32(v.bits))
		}
		if n < 0 || n > int64(24*time.Hour/unit) {
			return nil, valueFault("is no time of a day")
		}
		return time.Unix(0, n*int64(unit)).UTC().AppendFormat(dst, "15:04:05.999999999"), nil
	}
}

func renderUUID(dst []byte, v value) ([]byte, error) {
	for i, size := range []int{4, 2, 2, 2, 6} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, v.bytes[:size])
		v.bytes = v.bytes[size:]
	}
	return dst, nil
}

// renderInterval writes months, days and milliseconds as ISO 8601 does.
func renderInterval(dst []byte, v value) ([]byte, error) {
	months, days, millis := binary.LittleEndian.Uint32(v.bytes), binary.LittleEndian.Uint32(v.bytes[4:]), binary.LittleEndian.Uint32(v.bytes[8:])
	return fmt.Appendf(dst, "P%dM%dDT%d.%03dS", months, days, millis/1000, millis%1000), nil
}

func renderText(dst []byte, v value) ([]byte, error) {
	if !utf8.Valid(v.bytes) {
		return nil, valueFault("is a text that is not UTF-8")
	}
	return append(dst, v.bytes...), nil
}

// renderBytes writes what is a text as it is, and else in hexadecimal digits as PostgreSQL does.
func renderBytes(dst []byte, v value) ([]byte, error) {
	if isText(v.bytes) {
		return append(dst, v.bytes...), nil
	}
	return renderHex(dst, v)
}

func isText(b []byte) bool {
	for _, c := range b {
		if c == 0 {
			return false
		}
	}
	return utf8.Valid(b)
}

func renderHex(dst []byte, v value) ([]byte, error) {
	return hex.AppendEncode(append(dst, `\x`...), v.bytes), nil
}
