package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/insightforge/insightforge/api/client"
)

// upload sends the file, or the table of shops, and shows what was inferred.
func (d *demo) upload(ctx context.Context) error {
	name, table := "shops", io.Reader(strings.NewReader(shops()))
	if d.file != "" {
		file, err := os.Open(d.file)
		if err != nil {
			return err
		}
		defer file.Close()
		name, table = strings.TrimSuffix(filepath.Base(d.file), filepath.Ext(d.file)), file
	}
	if err := d.send(ctx, d.owner, name, table); err != nil {
		return err
	}
	d.say("   %s: %d rows, %d bytes", d.dataset.Name, d.dataset.Version.RowCount, d.dataset.Version.ByteCount)
	columns := client.Table{}
	for _, c := range d.dataset.Columns {
		kind := string(c.Type)
		if c.Scale > 0 {
			kind = fmt.Sprintf("%s (%d digits after the point)", c.Type, c.Scale)
		}
		columns = append(columns, []any{c.Name, kind, c.NullCount})
	}
	d.table([]string{"column", "type", "missing"}, columns)
	for _, w := range d.dataset.Warnings {
		d.say("   note: %s (%d)", w.Message, w.Count)
	}
	return nil
}

// send uploads a table as who.
func (d *demo) send(ctx context.Context, who person, name string, table io.Reader) error {
	answer, err := who.CreateDatasetWithBodyWithResponse(ctx, d.organization.ID, &client.CreateDatasetParams{Name: &name}, "text/csv", table)
	if err != nil {
		return err
	}
	d.dataset = *answer.JSON201
	return nil
}

func (d *demo) read(ctx context.Context) error {
	limit := int64(5)
	answer, err := d.owner.ListRowsWithResponse(ctx, d.organization.ID, d.dataset.ID, &client.ListRowsParams{Limit: &limit})
	if err != nil {
		return err
	}
	d.table(names(answer.JSON200.Columns), answer.JSON200.Rows)
	return nil
}

// query looks what the table has, decides what to show of it, and shows it.
func (d *demo) query(ctx context.Context) error {
	profile, err := d.owner.QueryDatasetWithResponse(ctx, d.organization.ID, d.dataset.ID, nil, profileOf(d.dataset.Columns))
	if err != nil {
		return err
	}
	d.plan = newPlan(d.dataset.Columns, profile.JSON200)
	if err := d.show(ctx, d.plan.overall()); err != nil || d.plan.category == "" {
		return err
	}
	return d.show(ctx, d.plan.byCategory())
}

func (d *demo) show(ctx context.Context, spec client.Specification) error {
	answer, err := d.owner.QueryDatasetWithResponse(ctx, d.organization.ID, d.dataset.ID, nil, spec)
	if err != nil {
		return err
	}
	d.table(names(answer.JSON200.Columns), answer.JSON200.Rows)
	return nil
}

func names(columns []client.ResultColumn) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return names
}
