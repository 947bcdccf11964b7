package client_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/client"
)

// serve answers every request the same and keeps the last one's Authorization and body.
func serve(t *testing.T, status int, mediaType, answer string) (*client.ClientWithResponses, func() (authorization, body string)) {
	t.Helper()
	var authorization, body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		authorization, body = r.Header.Get("Authorization"), string(text)
		w.Header().Set("Content-Type", mediaType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(server.Close)
	c, err := client.New(server.URL, client.WithToken("secret"))
	require.NoError(t, err)
	return c, func() (string, string) { return authorization, body }
}

func TestCellsKeepEveryDigit(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, 200, "application/json", `{"columns":[{"name":"n","type":"decimal"}],"rows":[[12345678901234567890.10,"x",null,true]],
		"row_count":1,"truncated":false,"dataset_version":1}`)
	answer, err := c.QueryDatasetWithResponse(t.Context(), uuid.New(), uuid.New(), nil, client.Specification{})
	require.NoError(t, err)
	require.Equal(t, client.Table{{json.Number("12345678901234567890.10"), "x", nil, true}}, answer.JSON200.Rows)
}

func TestACountOfRowsIsNoTable(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, 200, "application/json", `{"version":2,"with":1,"rows":{"version":4,"with":3,"shared":3,"only_version":1,"only_with":0}}`)
	answer, err := c.CompareVersionsWithResponse(t.Context(), uuid.New(), uuid.New(), 2, nil)
	require.NoError(t, err)
	require.EqualValues(t, 3, answer.JSON200.Rows.Shared)
}

func TestWhatMayBeEmptyOrZeroIsSentSo(t *testing.T) {
	t.Parallel()
	c, last := serve(t, 200, "application/json", `{}`)
	_, err := c.UpdateColumnWithResponse(t.Context(), uuid.New(), uuid.New(), 1, nil, client.ColumnChange{Description: new("")})
	require.NoError(t, err)
	_, body := last()
	require.JSONEq(t, `{"description":""}`, body)
	_, err = c.RotateAPIKeyWithResponse(t.Context(), uuid.New(), uuid.New(), client.KeyRotation{OverlapHours: new(int64(0))})
	require.NoError(t, err)
	_, body = last()
	require.JSONEq(t, `{"overlap_hours":0}`, body)
}

func TestAFilterTakesAnyValueAndWhatIsLeftOutIsNotSent(t *testing.T) {
	t.Parallel()
	c, last := serve(t, 200, "application/json", `{}`)
	_, err := c.QueryDatasetWithResponse(t.Context(), uuid.New(), uuid.New(), nil, client.Specification{
		Filters: []client.Filter{{Column: "a", Op: client.In, Value: []any{1, "x"}}},
	})
	require.NoError(t, err)
	authorization, body := last()
	require.Equal(t, "Bearer secret", authorization)
	require.JSONEq(t, `{"filters":[{"column":"a","op":"in","value":[1,"x"]}]}`, body)
}

func TestARefusalIsAProblem(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, 422, "application/problem+json", `{"type":"/api/errors#query_invalid","title":"Invalid query","status":422,
		"code":"query_invalid","errors":[{"location":"body.measures[0].column","message":"no such column"}]}`)
	_, err := c.QueryDatasetWithResponse(t.Context(), uuid.New(), uuid.New(), nil, client.Specification{})
	var problem *client.Problem
	require.ErrorAs(t, err, &problem)
	require.Equal(t, "query_invalid", problem.Code)
	require.EqualError(t, problem, "422 Invalid query (query_invalid); body.measures[0].column no such column")
}

func TestAnErrorThatIsNotOfThisAPISaysSo(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, 502, "text/html", "<h1>Bad Gateway</h1>")
	_, err := c.GetHealthWithResponse(t.Context())
	require.ErrorContains(t, err, "502 Bad Gateway without a problem document")
}
