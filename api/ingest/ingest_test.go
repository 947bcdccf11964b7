package ingest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSmoke(t *testing.T) {
	got := read(t, "a,b,c,d,e,f\n1,1.5,true,2020-01-01,2020-01-01T00:00:01Z,x\n,NA,FALSE,,2020-01-02,\"y\"\"z\"\n")
	for i, c := range got.Columns {
		t.Logf("%+v %v", c, got.values[i])
	}
	require.EqualValues(t, 2, got.Rows)
}
