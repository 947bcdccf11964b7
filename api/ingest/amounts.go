package ingest

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/currency"
)

// amount is what stands around a number.
type amount struct {
	unit                   string // Percent, a currency, or nothing
	negative, parens, plus bool
}

// Percent is the unit of values such as 12.5%: they are stored as they are written, 12.5.
const Percent = "percent"

// symbols of currencies. What several countries use is its own unit: a $ is not said to be one of the United States.
var symbols = map[string]string{
	"%": Percent, "$": "$", "¥": "¥", "kr": "kr", "kr.": "kr", "Rs": "Rs", "Rs.": "Rs",
	"€": "EUR", "£": "GBP", "₹": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY", "₴": "UAH", "₪": "ILS", "₫": "VND", "฿": "THB", "₦": "NGN", "₱": "PHP",
	"US$": "USD", "A$": "AUD", "AU$": "AUD", "C$": "CAD", "CA$": "CAD", "NZ$": "NZD", "HK$": "HKD", "S$": "SGD", "R$": "BRL", "MX$": "MXN",
	"Fr.": "CHF", "zł": "PLN", "Kč": "CZK", "Ft": "HUF",
}

// unitOf reads a symbol or an ISO code. Codes that are English words are none.
func unitOf(token []byte) (string, bool) {
	if unit, ok := symbols[string(token)]; ok || len(token) != 3 {
		return unit, ok
	}
	for _, c := range token {
		if c < 'A' || c > 'Z' {
			return "", false
		}
	}
	switch string(token) {
	case "ALL", "CUP", "GEL", "TOP", "XXX", "XTS":
		return "", false
	}
	unit, err := currency.ParseISO(string(token))
	return unit.String(), err == nil
}

// cutAmount cuts what stands around a number: one sign before or after it (+ - −), or parentheses, which are a minus,
// and one unit. The core, which is left, is in buf; it is no field of amount, so that buf need not be on the heap.
func cutAmount(v []byte, buf *[maxAmount]byte) (a amount, core []byte, ok bool) {
	b, ok := normalize(v, buf)
	if !ok || len(b) == 0 {
		return a, nil, false
	}
	if last := len(b) - 1; b[0] == '(' && b[last] == ')' {
		a.parens, a.negative, b = true, true, bytes.TrimSpace(b[1:last])
	}
	first, end := bytes.IndexAny(b, "0123456789"), bytes.LastIndexAny(b, "0123456789")+1
	if first < 0 {
		return a, nil, false
	}
	if first > 0 && (b[first-1] == '.' || b[first-1] == ',') && (first < 2 || !isLetter(b[first-2])) {
		first--
	}
	before, signs := a.cutSigns(b[:first])
	after, signsAfter := a.cutSigns(b[end:])
	if signs+signsAfter > 1 || a.parens && signs+signsAfter > 0 || a.plus && signsAfter > 0 {
		return a, nil, false
	}
	return a, b[first:end], a.takeUnit(before, after)
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// normalize copies v with plain spaces, apostrophes and minus signs.
func normalize(v []byte, buf *[maxAmount]byte) ([]byte, bool) {
	n := 0
	for i := 0; i < len(v); n++ {
		if n+utf8.UTFMax > len(buf) {
			return nil, false
		}
		if v[i] < utf8.RuneSelf {
			buf[n] = v[i]
			i++
			continue
		}
		r, size := utf8.DecodeRune(v[i:])
		i += size
		switch r {
		case '\u00a0', '\u2009', '\u202f':
			buf[n] = ' '
		case '’':
			buf[n] = '\''
		case '−':
			buf[n] = '-'
		default:
			n += utf8.EncodeRune(buf[n:], r) - 1
		}
	}
	return buf[:n], true
}

// cutSigns cuts a sign at either end, and spaces.
func (a *amount) cutSigns(b []byte) (rest []byte, signs int) {
	b = bytes.Trim(b, " ")
	for len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		a.sign(b[0])
		b = bytes.TrimLeft(b[1:], " ")
		signs++
	}
	for len(b) > 0 && (b[len(b)-1] == '-' || b[len(b)-1] == '+') {
		a.sign(b[len(b)-1])
		b = bytes.TrimRight(b[:len(b)-1], " ")
		signs++
	}
	return b, signs
}

func (a *amount) sign(c byte) {
	if c == '-' {
		a.negative = true
	} else {
		a.plus = true
	}
}

// takeUnit reads the one unit before or after the number.
func (a *amount) takeUnit(before, after []byte) (ok bool) {
	switch {
	case len(before) == 0 && len(after) == 0:
		return true
	case len(after) == 0:
		a.unit, ok = unitOf(before)
	case len(before) == 0:
		a.unit, ok = unitOf(after)
	}
	return ok
}

// plain writes the amount of a core as a plain number into buf.
func (a *amount) plain(buf *[maxAmount + 1]byte, f *form, core []byte) []byte {
	b := buf[:0]
	if a.negative {
		b = append(b, '-')
	}
	return f.plain(b, core)
}
