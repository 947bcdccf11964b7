package bench

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// statement is what the server sent to its database. The parameters are text; nil is null.
type statement struct {
	sql  string
	args []*string
}

const captureTimeout = 10 * time.Second

// captured returns the statements of the one transaction in which the server answers request, begin and commit
// included, from the database's log. So what the server is compared with is what it does, not a copy that grows old.
func (s *subject) captured(ctx context.Context, request func() error) (_ []statement, err error) {
	if err := s.logStatements(ctx, "all"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.logStatements(context.WithoutCancel(ctx), "none")) }()
	log := filepath.Join(s.dataDir, "postgres.log")
	for end := time.Now().Add(captureTimeout); time.Now().Before(end); {
		before, err := os.Stat(log)
		if err != nil {
			return nil, err
		}
		if err := request(); err != nil {
			return nil, err
		}
		text, err := readFrom(log, before.Size())
		if err != nil {
			return nil, err
		}
		// The server's connections take the setting up with their next statement.
		if found := transaction(statements(text)); found != nil {
			return found, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil, errors.New("the database's log shows no transaction")
}

func (s *subject) logStatements(ctx context.Context, which string) error {
	if _, err := s.admin.Exec(ctx, "alter system set log_statement = '"+which+"'"); err != nil {
		return err
	}
	_, err := s.admin.Exec(ctx, "select pg_reload_conf()")
	return err
}

func readFrom(path string, offset int64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.NewSectionReader(f, offset, 1<<30))
	return string(text), err
}

var (
	logRecord = regexp.MustCompile(`(?m)^\S+ \S+ \S+ \[\d+\] (LOG|DETAIL):  (?:execute [^:]+: |parameters: )`)
	logLine   = regexp.MustCompile(`(?m)^\S+ \S+ \S+ \[\d+\] `)
	parameter = regexp.MustCompile(`\$\d+ = (NULL|'(?:[^']|'')*')`)
)

// statements reads the executions of prepared statements in a log. The lines of a statement after its first are indented.
func statements(log string) []statement {
	var found []statement
	for _, at := range logRecord.FindAllStringSubmatchIndex(log, -1) {
		text := log[at[1]:]
		if next := logLine.FindStringIndex(text); next != nil {
			text = text[:next[0]]
		}
		text = strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n\t", "\n")
		if log[at[2]:at[3]] == "LOG" {
			found = append(found, statement{sql: text})
		} else if len(found) > 0 {
			found[len(found)-1].args = parameters(text)
		}
	}
	return found
}

func parameters(text string) []*string {
	var args []*string
	for _, match := range parameter.FindAllStringSubmatch(text, -1) {
		if match[1] == "NULL" {
			args = append(args, nil)
			continue
		}
		args = append(args, new(strings.ReplaceAll(match[1][1:len(match[1])-1], "''", "'")))
	}
	return args
}

// transaction is the last whole one.
func transaction(all []statement) []statement {
	end := -1
	for i := len(all) - 1; i >= 0; i-- {
		switch {
		case end < 0 && all[i].sql == "commit":
			end = i
		case end >= 0 && strings.HasPrefix(all[i].sql, "begin"):
			return all[i : end+1]
		}
	}
	return nil
}

var placeholder = regexp.MustCompile(`\$(\d+)`)

// script is a transaction as pgbench runs it, in one pipeline, and the definitions of its variables.
func script(transaction []statement) (text string, define []string, err error) {
	var b strings.Builder
	b.WriteString("\\startpipeline\n")
	for i, s := range transaction {
		name := func(n string) string { return "p" + strconv.Itoa(i) + "_" + n }
		b.WriteString(placeholder.ReplaceAllStringFunc(strings.TrimSpace(s.sql), func(p string) string { return ":" + name(p[1:]) }))
		b.WriteString(";\n")
		for n, arg := range s.args {
			if arg == nil {
				return "", nil, errors.New("pgbench has no null parameters")
			}
			define = append(define, "-D", name(strconv.Itoa(n+1))+"="+*arg)
		}
	}
	b.WriteString("\\endpipeline\n")
	return b.String(), define, nil
}
