package demo

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/insightforge/insightforge/api/client"
)

// plan is what is worth showing of a table. Every field may be empty: there are tables without numbers, dates or texts.
type plan struct {
	measure  string // a column of numbers
	category string // a column with few values
	date     string // a column of dates or timestamps
	grain    client.DimensionGrain
}

// maxProfiled bounds the measures of one query.
const maxProfiled = 18

// profileOf asks how many values each text has and which dates there are.
func profileOf(columns []client.DatasetColumn) client.Specification {
	spec := client.Specification{Measures: []client.Measure{{Op: client.Count, As: "rows"}}}
	for _, c := range columns {
		if len(spec.Measures) == maxProfiled {
			break
		}
		switch c.Type {
		case "text", "boolean":
			spec.Measures = append(spec.Measures, client.Measure{Op: client.CountDistinct, Column: c.Name, As: "distinct " + c.Name})
		case "date", "timestamp":
			spec.Measures = append(spec.Measures, client.Measure{Op: client.Min, Column: c.Name, As: "first " + c.Name},
				client.Measure{Op: client.Max, Column: c.Name, As: "last " + c.Name})
		}
	}
	return spec
}

// newPlan takes the first date, the first text of 2 to 50 values, and the first decimal, float or integer, in that order,
// that does not look like a key.
func newPlan(columns []client.DatasetColumn, profile *client.Result) plan {
	value := map[string]any{}
	for i, c := range profile.Columns {
		value[c.Name] = profile.Rows[0][i]
	}
	p := plan{measure: firstNumber(columns)}
	for _, c := range columns {
		if n := count(value["distinct "+c.Name]); p.category == "" && n >= 2 && n <= 50 {
			p.category = c.Name
		}
		if first, ok := value["first "+c.Name].(string); ok && p.date == "" {
			p.date, p.grain = c.Name, grainOf(first, value["last "+c.Name].(string))
		}
	}
	return p
}

func count(cell any) int {
	number, _ := cell.(json.Number)
	n, _ := strconv.Atoi(number.String())
	return n
}

func firstNumber(columns []client.DatasetColumn) string {
	for _, kind := range []string{"decimal", "float", "integer"} {
		i := slices.IndexFunc(columns, func(c client.DatasetColumn) bool { return string(c.Type) == kind && !isKey(c.Name) })
		if i >= 0 {
			return columns[i].Name
		}
	}
	return ""
}

func isKey(name string) bool {
	name = strings.ToLower(name)
	return name == "id" || name == "index" || strings.HasSuffix(name, "_id")
}

// grainOf makes at most some dozens of periods of the time between two days.
func grainOf(first, last string) client.DimensionGrain {
	from, err := time.Parse(time.DateOnly, first[:len(time.DateOnly)])
	to, err2 := time.Parse(time.DateOnly, last[:len(time.DateOnly)])
	days := to.Sub(from).Hours() / 24
	switch {
	case err != nil || err2 != nil || days > 8*365:
		return client.Year
	case days > 60:
		return client.Month
	default:
		return client.Day
	}
}

func (p plan) measures() []client.Measure {
	measures := []client.Measure{{Op: client.Count}}
	if p.measure == "" {
		return measures
	}
	return append([]client.Measure{{Op: client.Sum, Column: p.measure}, {Op: client.Avg, Column: p.measure}, {Op: client.Median, Column: p.measure}}, measures...)
}

// overall is one row for the whole table.
func (p plan) overall() client.Specification { return client.Specification{Measures: p.measures()} }

func (p plan) byCategory() client.Specification {
	return client.Specification{
		Measures: p.measures(), Dimensions: []client.Dimension{{Column: p.category}},
		Order: []client.Order{{By: p.first(), Desc: true}},
	}
}

// first is the name of the first measure in a result.
func (p plan) first() string {
	if p.measure == "" {
		return "count"
	}
	return "sum_" + p.measure
}

// analysis is the first measure over time, else over the category.
func (p plan) analysis() client.Specification {
	spec := client.Specification{Measures: p.measures()[:1]}
	switch {
	case p.date != "":
		spec.Dimensions = []client.Dimension{{Column: p.date, Grain: p.grain}}
	case p.category != "":
		spec.Dimensions = []client.Dimension{{Column: p.category}}
	}
	return spec
}

func (p plan) title() string {
	title := "Rows"
	if p.measure != "" {
		title = "Total " + p.measure
	}
	if p.date != "" {
		return fmt.Sprintf("%s by %s", title, p.grain)
	}
	return strings.TrimSuffix(title+" by "+p.category, " by ")
}

// questions are two that the table can answer.
func (p plan) questions() []string {
	questions := []string{"how many rows"}
	if p.measure != "" && p.category != "" {
		questions = append(questions, fmt.Sprintf("top 3 %q by total %q", p.category, p.measure))
	} else if p.measure != "" {
		questions = append(questions, fmt.Sprintf("average %q", p.measure))
	}
	if p.measure != "" && p.date != "" {
		questions = append(questions, fmt.Sprintf("average %q by %s", p.measure, p.grain))
	}
	return questions[max(0, len(questions)-2):]
}
