package question

import "strings"

// time reads "in 2014", "since March 2004", "between 2001-01-01 and 2001-12-31", for the one column with dates or years.
func (p *parser) time() bool {
	at := p.at
	found, ok := p.bounds()
	if !ok {
		return false
	}
	candidates := p.dates(temporal)
	if len(candidates) == 1 {
		p.restrict(p.columns[candidates[0]], found, at)
		return true
	}
	n := p.at - at
	p.at = at
	p.refuse(n, p.which(candidates, `write for example "<column> in 2014" or "<column> since 2014"`))
	return true
}

// timeOf reads a time after the name of a column with dates or years.
func (p *parser) timeOf(c Column) bool {
	at := p.at
	p.accept("is", "are", "was", "were")
	found, ok := p.bounds()
	if !ok {
		found, ok = p.compared()
	}
	if !ok {
		p.at = at
		return false
	}
	p.restrict(c, found, at)
	return true
}

func (p *parser) restrict(c Column, found period, at int) {
	filters, err := found.filters(c)
	if err == nil {
		p.spec.Filters = append(p.spec.Filters, filters...)
		return
	}
	n := p.at - at
	p.at = at
	p.refuse(n, err.Error())
}

// bounds reads a period with the word that says how it bounds: in, since, after, before, until, between or from.
func (p *parser) bounds() (period, bool) {
	at := p.at
	found, ok := p.bounded()
	if !ok || !found.to.IsZero() && !found.from.Before(found.to) {
		p.at = at
		return period{}, false
	}
	return found, true
}

func (p *parser) bounded() (period, bool) {
	word := p.peek(0)
	if !strings.Contains(" in on during since after before until through between from for of ", " "+word+" ") {
		found, n := p.relative()
		p.at += n
		return found, n > 0
	}
	p.at++
	p.skip(words("the year of month"))
	first, ok := p.calendar()
	switch word {
	case "since":
		return period{from: first.from}, ok
	case "after":
		return period{from: first.to}, ok
	case "before":
		return period{to: first.from}, ok
	case "until", "through":
		return period{to: first.to}, ok
	case "between", "from":
		return p.until(word, first, ok)
	default:
		return first, ok
	}
}

// until reads the second bound after "between" or "from".
func (p *parser) until(word string, first period, ok bool) (period, bool) {
	if !ok {
		return period{}, false
	}
	if !p.accept("and", "to", "until", "through") {
		if p.accept("on", "onwards", "onward") {
			return period{from: first.from}, word == "from"
		}
		return period{}, false
	}
	last, ok := p.calendar()
	return period{from: first.from, to: last.to}, ok
}

func (p *parser) calendar() (period, bool) {
	found, n := calendar(p.rest())
	if n == 0 {
		found, n = p.relative()
	}
	p.at += n
	return found, n > 0
}

// relative reads a period that today is in or beside, where it is known and no column has that name.
func (p *parser) relative() (period, int) {
	if columns, _ := p.named(p.rest()); p.today.IsZero() || len(columns) > 0 {
		return period{}, 0
	}
	switch p.peek(0) {
	case "today":
		return period{p.today, p.today.AddDate(0, 0, 1)}, 1
	case "yesterday":
		return period{p.today.AddDate(0, 0, -1), p.today}, 1
	}
	shift, ok := map[string]int{"this": 0, "last": -1, "previous": -1, "next": 1}[p.peek(0)]
	found, known := p.around(p.peek(1), shift)
	if !ok || !known {
		return period{}, 0
	}
	return found, 2
}

// around is the week, from Monday, the month, quarter or year that is so many after today's.
func (p *parser) around(unit string, shift int) (period, bool) {
	y, m := p.today.Year(), int(p.today.Month())
	switch unit {
	case "week":
		monday := p.today.AddDate(0, 0, 7*shift-(int(p.today.Weekday())+6)%7)
		return period{monday, monday.AddDate(0, 0, 7)}, true
	case "month":
		return span(y, m+shift, 1), true
	case "quarter":
		return span(y, m-(m-1)%3+3*shift, 3), true
	case "year":
		return span(y+shift, 1, 12), true
	}
	return period{}, false
}

// compared reads a sign, or nothing, and a period: "> 2014", "= 2014-03-05", "2014".
func (p *parser) compared() (period, bool) {
	sign := ""
	if strings.Contains(" > >= < <= = ", " "+p.peek(0)+" ") && p.peek(0) != "" {
		sign = p.peek(0)
		p.at++
	}
	first, ok := p.calendar()
	switch sign {
	case ">":
		return period{from: first.to}, ok
	case ">=":
		return period{from: first.from}, ok
	case "<":
		return period{to: first.from}, ok
	case "<=":
		return period{to: first.to}, ok
	default:
		return first, ok
	}
}
