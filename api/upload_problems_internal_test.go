package api

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/ingest"
	"github.com/insightforge/insightforge/api/transcode"
)

func TestEveryCodeOfAFileIsExplained(t *testing.T) {
	t.Parallel()
	code := regexp.MustCompile(`(?m)^\tCode\w+ += "(\w+)"`)
	for _, source := range []string{"ingest/errors.go", "transcode/errors.go"} {
		text, err := os.ReadFile(source)
		require.NoError(t, err)
		codes := code.FindAllSubmatch(text, -1)
		require.Greater(t, len(codes), 10)
		for _, c := range codes {
			require.Contains(t, problemKinds, string(c[1]))
		}
	}
}

func TestAFaultIsFoundAmongJoinedErrors(t *testing.T) {
	t.Parallel()
	for code, err := range map[string]error{
		"json_syntax": &transcode.Error{Code: transcode.CodeJSON, Message: "m", Line: 3, Column: 2},
		"table_empty": &ingest.Error{Code: ingest.CodeEmpty, Message: "m", Record: 3, Column: 2},
	} {
		var p *Problem
		require.ErrorAs(t, uploadProblem(errors.Join(fmt.Errorf("spool: %w", err), os.ErrClosed)), &p)
		require.Equal(t, code, p.Code)
		require.Regexp(t, "^(line|record) 3 column 2$", p.Errors[0].Location)
	}
}
