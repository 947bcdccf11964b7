package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/insightforge/insightforge/api/chart"
	"github.com/insightforge/insightforge/api/query"
	"github.com/insightforge/insightforge/api/question"
	"github.com/insightforge/insightforge/api/tenant"
)

func (s *Server) registerQuestions() {
	operation(s, huma.Operation{OperationID: "ask-question", Method: http.MethodPost, Path: datasetPath + "/questions", Tags: []string{"datasets"},
		Summary: "Ask a question in plain English",
		Description: "OWNER, ADMIN, ANALYST. The question becomes a query, which is shown and can be saved or changed, and runs with the " +
			"caller's own rights. The built-in reader accounts for every word; what it cannot read is refused with the words, and is not counted. " +
			"Which day it is today, and so which month was the last one, the time zone of the organization says.", Errors: []int{429}}, s.askQuestion)
}

// Question is asked in plain English.
type Question struct {
	Question string `json:"question" minLength:"1" maxLength:"1000" example:"total precipitation by month in 2014"`
}

// Answer is a question, how it was read, and what came out.
type Answer struct {
	ID             uuid.UUID           `json:"id" format:"uuid"`
	Question       string              `json:"question"`
	Interpretation query.Specification `json:"interpretation" doc:"The query that was run"`
	Reading        string              `json:"reading" doc:"The query in English"`
	Assumptions    []string            `json:"assumptions" nullable:"false" doc:"What the question did not say"`
	Result         Result              `json:"result"`
	Answer         string              `json:"answer" doc:"Every number in it is in the result or in the query"`
	Chart          chart.Chart         `json:"chart"`
	Provider       string              `json:"provider" enum:"builtin"`
	CreatedAt      time.Time           `json:"created_at"`
}

// The question is written down before it is answered: that insert is what the policies refuse to a VIEWER.
const (
	insertQuestion = `
insert into app.questions (org_id, id, dataset_id, question, interpretation, provider, created_by) values ($1, $2, $3, $4, $5, 'builtin', $6)`
	insertQuestionAsked = `
insert into app.questions_asked (org_id, id) values ($1, $2)`
)

func (s *Server) askQuestion(ctx context.Context, in *struct {
	DatasetPath
	Body Question
}) (*struct{ Body Answer }, error) {
	a := Answer{ID: newID(), Question: in.Body.Question, Provider: "builtin", CreatedAt: time.Now().UTC()}
	release, err := s.slots.take(ctx, in.OrgID, queryWait)
	if err != nil {
		return nil, err
	}
	defer release()
	if err := s.writeDown(ctx, in.DatasetPath, &a); err != nil {
		return nil, err
	}
	if a.Result, err = s.query(ctx, in.DatasetPath, activeVersion, "interpretation.", a.Interpretation); err != nil {
		return nil, err
	}
	a.Answer = question.Answer(a.Interpretation, a.Result.Rows, a.Result.Truncated)
	a.Chart = suggestChart(a.Question, a.Interpretation, a.Result)
	return &struct{ Body Answer }{a}, nil
}

// writeDown reads the question and keeps it, in a transaction of its own: the quotas are not locked while it is answered, and
// what cannot be answered has been asked.
func (s *Server) writeDown(ctx context.Context, path DatasetPath, a *Answer) error {
	err := s.db.Tx(ctx, member(ctx, path.OrgID), func(tx *tenant.Tx) error {
		v, err := selectVersion(ctx, tx, path.OrgID, path.DatasetID, activeVersion)
		if err != nil {
			return err
		}
		_, numbers, _, _ := placed(v.Columns)
		words, err := tenant.TxRows[columnWords](ctx, tx, selectWords, path.OrgID, path.DatasetID, numbers)
		if err != nil {
			return err
		}
		zone, err := tenant.TxRow[struct{ TimeZone string }](ctx, tx, selectTimeZone, path.OrgID)
		if err != nil {
			return err
		}
		if err := a.read(v, words, zone.TimeZone); err != nil {
			return err
		}
		if _, err := v.compile("interpretation.", s.expand, a.Interpretation); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, insertQuestion, path.OrgID, a.ID, path.DatasetID, a.Question, a.Interpretation, session(ctx).User); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, insertQuestionAsked, path.OrgID, a.ID); err != nil {
			return err
		}
		return withinQuotas(ctx, tx, path.OrgID, Usage{QuestionsToday: Quota{Used: 1}})
	})
	if isSQLState(err, "23503") { // the dataset has gone meanwhile
		err = refuse("not_found", "")
	}
	return err
}

// columnWords are the first words of a column's dictionary, so that a question can name them.
type columnWords struct {
	ColumnNo int
	Words    []string
}

const selectWords = `
select column_no, words from app.dataset_words where org_id = $1 and dataset_id = $2 and column_no = any ($3) and page_no < 4 order by column_no, page_no`

// What "today" means.
const selectTimeZone = `
select time_zone from app.organizations where id = $1`

// read turns the question into a query, or says which words it could not read.
func (a *Answer) read(v version, words []columnWords, timeZone string) error {
	zone, err := time.LoadLocation(timeZone)
	if err != nil {
		return err
	}
	columns := make([]question.Column, len(v.Columns))
	for i, c := range v.Columns {
		columns[i].Column = c
		for _, w := range words {
			if w.ColumnNo == c.No {
				columns[i].Words = append(columns[i].Words, w.Words...)
			}
		}
	}
	reading, err := question.ParseOn(a.CreatedAt.In(zone), a.Question, columns)
	var unread *question.NotUnderstood
	if errors.As(err, &unread) {
		return refuse("question_not_understood", unread.Error(), unreadWords(unread)...)
	}
	if err != nil {
		return err
	}
	a.Interpretation, a.Reading, a.Assumptions = reading.Specification, reading.Interpretation, append([]string{}, reading.Assumptions...)
	return nil
}

func unreadWords(unread *question.NotUnderstood) []Fault {
	var faults []Fault
	for _, word := range unread.Words {
		faults = append(faults, Fault{"body.question", "unknown_word", strings.ToValidUTF8(word, "")})
	}
	return faults
}
