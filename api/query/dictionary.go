package query

import (
	"fmt"

	"github.com/insightforge/insightforge/api/column"
)

// pages are the pages of a column's dictionary. Code c is word c % 1024 + 1 of page c / 1024.
func (c *compiler) pages(of column.Column) string {
	return fmt.Sprintf("app.dataset_words p where p.org_id = $1 and p.dataset_id = %s and p.column_no = %s",
		c.arg(c.version.DatasetID, "uuid"), c.arg(of.No, "int"))
}

// words are all codes and words of a column.
func (c *compiler) words(of column.Column) string {
	return fmt.Sprintf("select p.page_no * 1024 + generate_subscripts(p.words, 1) - 1 as code, %s(p.words) as word from %s",
		c.version.Expand, c.pages(of))
}

// filterCodes compares words once and then only their codes.
func (c *compiler) filterCodes(of column.Column, op Comparison, values []comparand) {
	value := c.value(of)
	switch op {
	case Equal:
		code := c.code(of, values[0].text)
		c.keep(value + " = " + code)
		c.skip("%[1]s.min_value <= %[2]s and %[1]s.max_value >= %[2]s", c.chunk(of), code)
	case NotEqual:
		c.keep(value + " <> " + c.code(of, values[0].text))
	default:
		condition := c.compareTexts("w.word", op, values)
		c.keep(fmt.Sprintf("(select array_agg(%s) from (select %s(q.words) as word from (select p.words from %s order by p.page_no) q) w)[%s + 1]",
			condition, c.version.Expand, c.pages(of), value))
	}
}

// code is the code of a word, or -1 where the dictionary does not have it. It is looked up once for a statement.
func (c *compiler) code(of column.Column, word string) string {
	w := c.arg(word, "text")
	name := c.define("e", fmt.Sprintf("select coalesce(min(p.page_no * 1024 + array_position(p.words, %s) - 1), -1) as code from %s and %s = any(p.words)",
		w, c.pages(of), w))
	return "(select code from " + name + ")"
}

// rank is the place of a code's word among the words in order. An array of them is looked into faster than a hash table.
func (c *compiler) rank(of column.Column, code string) string {
	return fmt.Sprintf("(select array_agg(k.rank order by k.code) from %s k)[%s + 1]", c.ranks(of), code)
}

// ranks names a table of code, word and rank.
func (c *compiler) ranks(of column.Column) string {
	if name, ok := c.ranked[of.No]; ok {
		return name
	}
	name := c.define("k", fmt.Sprintf(`select w.code, w.word, row_number() over (order by w.word collate "C")::int as rank from (%s) w`, c.words(of)))
	c.ranked[of.No] = name
	return name
}
