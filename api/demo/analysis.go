package demo

import (
	"context"
	"errors"
	"os"

	"github.com/insightforge/insightforge/api/client"
)

func (d *demo) analyze(ctx context.Context) error {
	saved, err := d.owner.CreateAnalysisWithResponse(ctx, d.organization.ID, nil,
		client.NewAnalysis{Name: d.plan.title(), DatasetID: d.dataset.ID, Query: d.plan.analysis()})
	if err != nil {
		return err
	}
	d.analysis = *saved.JSON201
	ran, err := d.owner.CreateRunWithResponse(ctx, d.organization.ID, d.analysis.ID, nil)
	if err != nil {
		return err
	}
	d.run = *ran.JSON201
	d.say("   %s: %d rows", d.analysis.Name, d.run.Result.RowCount)
	d.table(names(d.run.Result.Columns), d.run.Result.Rows)
	return d.draw(ctx)
}

// draw saves the chart of the run.
func (d *demo) draw(ctx context.Context) error {
	image, err := d.owner.GetRunChartWithResponse(ctx, d.organization.ID, d.analysis.ID, d.run.ID)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp("", "insightforge-*.svg")
	if err != nil {
		return err
	}
	_, err = file.Write(image.Body)
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	d.say("   chart: %s", file.Name())
	return nil
}

// ask shows how each question was read, or, of a table that is not ours, that it was not.
func (d *demo) ask(ctx context.Context) error {
	for _, question := range d.plan.questions() {
		d.say("   %s?", question)
		answer, err := d.owner.AskQuestionWithResponse(ctx, d.organization.ID, d.dataset.ID, client.Question{Question: question})
		var p *client.Problem
		if d.file != "" && errors.As(err, &p) && p.Code == "question_not_understood" {
			d.say("     refused: %s", p.Detail)
			continue
		}
		if err != nil {
			return err
		}
		d.say("     read as: %s\n     answer:  %s", answer.JSON200.Reading, answer.JSON200.Answer)
	}
	return nil
}
