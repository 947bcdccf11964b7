package api

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/insightforge/insightforge/api/column"
	"github.com/insightforge/insightforge/api/ingest"
	"github.com/insightforge/insightforge/api/memory"
)

// TypeChange says which types columns are to have.
type TypeChange struct {
	Columns  []TypedColumn `json:"columns" minItems:"1" maxItems:"1000"`
	OnReject string        `json:"on_reject,omitempty" enum:"refuse,null" default:"refuse" doc:"What becomes of values that do not fit: the change is refused, or they are null"`
	Nulls    []string      `json:"nulls,omitempty" maxItems:"100" doc:"Words that are null, in any case, in columns that become text too; without it NA, NULL, - and the like, in columns that do not"`
}

func (TypeChange) withoutSecrets() {}

// TypedColumn is a type for a column.
type TypedColumn struct {
	Name    string       `json:"name" minLength:"1" maxLength:"200" example:"price"`
	Type    column.Type  `json:"type" enum:"integer,decimal,float,boolean,date,timestamp,text"`
	Scale   int          `json:"scale,omitempty" minimum:"0" maximum:"17" doc:"Of a decimal: digits after the point"`
	Numbers NumberFormat `json:"numbers,omitempty" doc:"How the numbers in a text are written"`
	Dates   string       `json:"dates,omitempty" enum:"month_first,day_first" doc:"How to read the dates in a text"`
}

// ChangedTypes is a dataset of which columns have other types than before.
type ChangedTypes struct {
	DatasetDetail
	Rejections UploadRejections `json:"rejections" doc:"record is the number of the row"`
}

func (s *Server) changeTypes(ctx context.Context, in *struct {
	DatasetPath
	IdempotencyKey
	IfMatch
	Body TypeChange
}) (*made[ChangedTypes], error) {
	asks(ctx, in.Body)
	change := dataChange{DatasetPath: in.DatasetPath, key: in.IdempotencyKey, want: in.revision(), request: []any{"types", in.DatasetID, in.Body}}
	if err := s.mayChangeData(ctx, change, 0); err != nil {
		return nil, err
	}
	defer memory.Reserve(ingest.Memory)()
	out, err := makeVersion(ctx, s, change, func(b *base) (c ChangedTypes, err error) {
		p, rejected, err := b.changeTypes(ctx, in.Body, s.tempDir)
		if err != nil {
			return c, err
		}
		c.Rejections = rejected
		c.DatasetDetail, err = b.publish(ctx, p, session(ctx).User, "dataset.types_changed")
		return c, err
	}, func(d DatasetDetail) (ChangedTypes, error) {
		return ChangedTypes{d, UploadRejections{First: []UploadRejection{}}}, nil
	})
	if err != nil {
		return nil, err
	}
	out.ETag = etag(out.Body.Revision)
	s.profiles.publish(member(ctx, in.OrgID), in.OrgID, in.DatasetID, out.Body.Version.Number)
	return out, nil
}

// changeTypes stores the columns that the change names anew, in the same segments.
func (b *base) changeTypes(ctx context.Context, change TypeChange, dir string) (p publication, rejected UploadRejections, err error) {
	chosen, opt, err := b.chosen(change)
	if err != nil {
		return p, rejected, err
	}
	opt.Dir = dir
	stretches, err := b.stretches(ctx)
	if err != nil {
		return p, rejected, err
	}
	columns := make([]storedColumn, len(chosen))
	for i, j := range chosen {
		columns[i] = b.Columns[j]
	}
	file, bytes, err := b.parseAgain(ctx, columns, stretches, opt)
	if err != nil {
		return p, rejected, err
	}
	defer file.Close()
	if err := b.boundWords(ctx, others(b.Columns, chosen), file); err != nil {
		return p, rejected, err
	}
	p = b.next("change")
	p.bytes, p.columns = bytes, slices.Clone(p.columns)
	for i, j := range chosen {
		c, f := &columns[i], file.Columns[i]
		c.ColumnNo, c.Type, c.Scale, c.Payload, c.NullCount = b.newColumnNo(), f.Type, f.Scale, f.Payload, f.NullCount
		p.columns[j] = *c
	}
	rejected = UploadRejections{file.Rejected.Cells, file.Rejected.Rows, []UploadRejection{}}
	for _, r := range file.Rejected.First {
		position := columns[r.Column-1].Position
		rejected.First = append(rejected.First, UploadRejection{Record: r.Record, Column: position, Code: r.Code, Message: r.At(rowPlace(r), position)})
	}
	return p, rejected, b.storeAgain(ctx, file, columns, stretches)
}

// others are the numbers of the columns that are not chosen.
func others(columns []storedColumn, chosen []int) (numbers []int) {
	for j, c := range columns {
		if !slices.Contains(chosen, j) {
			numbers = append(numbers, c.ColumnNo)
		}
	}
	return numbers
}

// chosen finds the columns, in the order of the change, and how to read them.
func (b *base) chosen(change TypeChange) (chosen []int, opt ingest.Options, err error) {
	opt = ingest.Options{Nulls: change.Nulls, Reject: ingest.Reject(change.OnReject)}
	var faults []Fault
	for i, c := range change.Columns {
		at := fmt.Sprintf("body.columns[%d]", i)
		j := slices.IndexFunc(b.Columns, func(b storedColumn) bool { return b.Name == c.Name })
		switch {
		case j < 0:
			faults = append(faults, Fault{Location: at + ".name", Message: "the dataset has no such column"})
			continue
		case slices.Contains(chosen, j):
			faults = append(faults, Fault{Location: at + ".name", Message: "named twice"})
		case c.Scale > 0 && c.Type != column.Decimal:
			faults = append(faults, Fault{Location: at + ".scale", Message: "only a decimal has a scale"})
		}
		chosen = append(chosen, j)
		opt.Columns = append(opt.Columns, typed(b.Columns[j], len(chosen), ingest.ColumnOptions{Type: c.Type, Scale: c.Scale,
			Numbers: ingest.NumberFormat(c.Numbers), Dates: ingest.DateOrder(c.Dates)}))
	}
	if faults != nil {
		return nil, opt, refuse("invalid", "", faults...)
	}
	return chosen, opt, nil
}

func rowPlace(r ingest.Rejection) string { return fmt.Sprintf("In row %d", r.Record) }

// valuesProblem says which stored values of the columns do not fit.
func valuesProblem(err error, columns []storedColumn) error {
	var fault *ingest.Error
	if !errors.As(err, &fault) {
		return err
	}
	if fault.Rejected == nil {
		detail := fault.Message
		if fault.Column > 0 {
			detail = fmt.Sprintf("The values of %q can be read in two ways. Say which.", columns[fault.Column-1].Name)
		}
		return refuse(fault.Code, detail)
	}
	var faults []Fault
	for _, r := range fault.Rejected.First {
		c := columns[r.Column-1]
		faults = append(faults, Fault{Location: fmt.Sprintf("row %d column %d", r.Record, c.Position), Code: r.Code, Message: r.At(rowPlace(r), c.Position)})
	}
	return refuse("values_do_not_fit", fmt.Sprintf("Values that do not fit the types: %d.", fault.Rejected.Cells), faults...)
}
