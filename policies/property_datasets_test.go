package policies

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// What people do with datasets, analyses, runs and questions.

// columns are what insertColumns takes: one column.
func columns(no int, called string, vis int) string {
	return fmt.Sprintf(`[{"column_no": %d, "column_id": %[1]d, "position": %[1]d, "name": %q, "header": %[2]q, "description": "", "unit": "", "semantic": "",
		"vis": %d, "type": "integer", "scale": 0, "payload": "ints", "null_count": 0}]`, no, called, vis)
}

// chunk are what insertChunk takes after the chunk's creator.
func chunk(vis int) []any { return []any{vis, 0, 1, 0, 1, 1, nil, nil, []int64{1}, nil, nil, nil} }

// createDataset is what an upload of one column does.
func (w *world) createDataset() operation {
	p, id, segment := w.place(), w.new("dataset"), w.new("segment")
	event, written := w.event()
	vis := w.vis()
	return w.act(p, "creates "+id+" in "+p.named, "42501", func(m *model, role string) string {
		if !creates(role) || vis > clearance(role) {
			return "42501"
		}
		m.things = append(m.things,
			thing{"dataset", p.org, id, "", p.person, "uploaded", 1}, thing{"segment", p.org, segment, id, p.person, "", 0},
			thing{"chunk", p.org, "1/0", segment, p.person, "1", 0}, thing{"words", p.org, "1/0", id, p.person, "word", 0},
			thing{"version", p.org, "1", id, p.person, p.person, 0}, thing{"column", p.org, "1", id, p.person, "c", 0},
			thing{"file", p.org, "1", id, p.person, "c.csv", vis})
		m.records(p.org, event, p.person, "dataset.created", id, nil, []string{"name", "uploaded"})
		return "1"
	}, w.call("insertDataset", name(p.named), name(id), "uploaded", name(p.person), 1),
		w.call("insertSegment", name(p.named), name(segment), name(id), name(p.person), 1),
		w.call("insertChunk", append([]any{name(p.named), name(segment), 1, 0, name(p.person)}, chunk(0)...)...),
		w.call("insertWords", name(p.named), name(id), 1, 0, name(p.person), 0, []string{"word"}),
		w.call("insertVersion", name(p.named), name(id), 1, name(p.person), name(p.person), "create", nil, 1, 1, 1, 0, []uuid.UUID{w.id(segment)}),
		w.call("insertColumns", name(p.named), name(id), 1, columns(1, "c", 0)),
		w.call("insertFile", name(p.named), name(id), 1, name(p.person), vis, []byte{}, "text/csv", "c.csv", nil),
		w.recording(written, "recordDataset", name(p.named), name(id)))
}

// fillDataset adds a part to a dataset, whose creator it claims to know.
func (w *world) fillDataset() operation {
	p, kind := w.place(), rapid.SampledFrom([]string{"segment", "words", "chunk", "column"}).Draw(w.t, "part")
	of := "dataset"
	if kind == "chunk" {
		of = "segment"
	}
	above := w.some(of, p.org)
	by, n := w.creator(of, above), w.number()
	vis := w.vis()
	part := thing{kind, p.org, "", above, by, "", vis}
	var c command
	switch kind {
	case "segment":
		vis = 0 // it has none
		part.id, part.revision = w.new("segment"), 0
		c = w.call("insertSegment", name(p.named), name(part.id), name(above), name(by), 1)
	case "words":
		part.id, part.more = "1/"+strconv.Itoa(n), "word"
		c = w.call("insertWords", name(p.named), name(above), 1, n, name(by), vis, []string{"word"})
	case "chunk":
		part.id, part.more = "1/"+strconv.Itoa(n), "1"
		c = w.call("insertChunk", append([]any{name(p.named), name(above), 1, n, name(by)}, chunk(vis)...)...)
	case "column":
		return w.addColumn(p, above, n, vis)
	}
	return w.act(p, "adds "+kind+" "+part.id+" to "+above+" of "+by+" in "+p.named, "42501", func(m *model, role string) string {
		to := m.thing(of, p.org, above)
		switch {
		case !changes(role, by == p.person) || vis > clearance(role):
			return "42501"
		case to == nil || to.by != by:
			return "23503"
		}
		m.things = append(m.things, part)
		return "1"
	}, c)
}

// vis is who sees a part, mostly everyone.
func (w *world) vis() int { return rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(w.t, "vis") }

// number is one that no other part has.
func (w *world) number() int {
	w.new("part")
	return len(w.ids)
}

// creator is mostly the real one, else whoever.
func (w *world) creator(kind, id string) string {
	by := w.someone("claimed")
	for _, t := range w.model.things {
		if t.kind == kind && t.id == id && w.mostly("honest") {
			by = t.by
		}
	}
	return by
}

// addColumn takes the creator from the dataset.
func (w *world) addColumn(p place, dataset string, n, vis int) operation {
	n, called := n%1000+1, w.new("name")
	return w.act(p, "adds column "+strconv.Itoa(n)+" to "+dataset+" in "+p.named, "0", func(m *model, role string) string {
		d := m.thing("dataset", p.org, dataset)
		switch {
		case d == nil:
			return "0"
		case !changes(role, d.by == p.person) || vis > clearance(role):
			return "42501"
		case !m.published(*d):
			return "23503"
		}
		m.things = append(m.things, thing{"column", p.org, strconv.Itoa(n), dataset, d.by, called, vis})
		return "1"
	}, w.call("insertColumns", name(p.named), name(dataset), 1, columns(n, called, vis)))
}

func (w *world) renameDataset() operation {
	p, called := w.place(), w.new("name")
	id := w.some("dataset", p.org)
	event, written := w.event()
	return w.act(p, "renames "+id+" of "+p.named, "0", func(m *model, role string) string {
		d := m.thing("dataset", p.org, id)
		if d == nil || !changes(role, d.by == p.person) {
			return "0"
		}
		m.records(p.org, event, p.person, "dataset.changed", id, []string{"name", d.more}, []string{"name", called})
		d.more, d.revision = called, d.revision+1
		if !m.published(*d) { // the statement reads its version
			return "0"
		}
		return "1"
	}, w.recording(written, "updateDataset", name(p.named), name(id), called, nil))
}

func (w *world) deleteDataset() operation  { return w.deletes("dataset", "deleteDataset") }
func (w *world) deleteAnalysis() operation { return w.deletes("analysis", "deleteAnalysis") }

func (w *world) deletes(kind, statement string) operation {
	p := w.place()
	id := w.some(kind, p.org)
	var event string
	var written []any
	if kind == "dataset" {
		event, written = w.event()
	}
	return w.act(p, "deletes "+id+" of "+p.named, "0", func(m *model, role string) string {
		if gone := m.thing(kind, p.org, id); gone != nil && event != "" && changes(role, gone.by == p.person) {
			m.records(p.org, event, p.person, "dataset.deleted", id, []string{"name", gone.more}, nil)
		}
		return m.deletes(kind, p.org, func(t thing) bool { return t.id == id && changes(role, t.by == p.person) })
	}, w.recording(written, statement, name(p.named), name(id)))
}

func (w *world) saveAnalysis() operation {
	p, id := w.place(), w.new("analysis")
	on := w.some("dataset", p.org)
	return w.makes(p, thing{"analysis", p.org, id, on, p.person, "saved", 0}, "dataset",
		w.call("insertAnalysis", name(p.named), name(id), name(on), "saved", "{}", name(p.person), []string{}, []int64{}, 1))
}

func (w *world) runAnalysis() operation {
	p, id := w.place(), w.new("run")
	of := w.some("analysis", p.org)
	return w.makes(p, thing{"run", p.org, id, of, p.person, "", 0}, "analysis",
		w.call("insertRun", name(p.named), name(id), name(of), name(p.person), "{}"))
}

func (w *world) ask() operation {
	p, id := w.place(), w.new("question")
	about := w.some("dataset", p.org)
	asks := w.makes(p, thing{"question", p.org, id, about, p.person, "how many?", 0}, "dataset",
		w.call("insertQuestion", name(p.named), name(id), name(about), "how many?", "{}", name(p.person)),
		w.call("insertQuestionAsked", name(p.named), name(id)), w.call("lockQuotas", name(p.named)))
	question := asks.model
	asks.model = func(m *model, role string) string {
		outcome := question(m, role)
		if outcome == "1" { // it stays counted
			m.things = append(m.things, thing{"asked", p.org, id, "", "", "", 0})
		}
		return outcome
	}
	return asks
}

// makes is an operation that makes a thing of another one. In whose name it is made is for the policies to check.
func (w *world) makes(p place, made thing, of string, calls ...command) operation {
	return w.act(p, "makes "+made.id+" of "+made.of+" in "+p.named+" by "+made.by, "42501", func(m *model, role string) string {
		switch {
		case !creates(role) || made.by != p.person:
			return "42501"
		case made.of != "" && m.thing(of, p.org, made.of) == nil:
			return "23503"
		}
		m.things = append(m.things, made)
		return "1"
	}, calls...)
}

var gets = map[string]string{"dataset": "selectDataset", "analysis": "selectAnalysis", "invitation": "selectInvitation"}

// get reads one thing, as the server does.
func (w *world) get() operation {
	p, kind := w.place(), rapid.SampledFrom([]string{"dataset", "analysis", "invitation"}).Draw(w.t, "kind")
	var id string
	if kind == "invitation" {
		id = w.someInvitation()
	} else {
		id = w.some(kind, p.org)
	}
	return w.act(p, "reads "+id+" of "+p.named, "0", func(m *model, role string) string {
		shown := slices.ContainsFunc(m.facts(), func(f fact) bool {
			return f.kind == kind && f.id == id && f.listed != "" && m.shows(f, p.person, p.org)
		})
		if !shown {
			return "0"
		}
		return "1"
	}, w.call(gets[kind], name(p.named), name(id)))
}
