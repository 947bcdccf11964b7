package cli

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/migrate"
)

func TestAnUnknownCommandIsAWrongCommandLine(t *testing.T) {
	require.Equal(t, 2, Main([]string{"sevre"}, migrate.Files{}))
	require.Equal(t, 2, Main([]string{"migrate", "now"}, migrate.Files{}))
	require.Equal(t, 0, Main([]string{"version"}, migrate.Files{}))
}

func TestABusyAddressSaysWhatToDo(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	t.Setenv("ADDR", taken.Addr().String())
	t.Setenv("DATA_DIR", t.TempDir())
	err = serve(context.Background(), migrate.Files{})
	require.ErrorContains(t, err, "is in use: stop what listens there, or set ADDR")
}

func TestAWrongConfigurationIsRefusedWithoutRepeatingSecrets(t *testing.T) {
	for name, value := range map[string]string{
		"MAX_CONNS": "1", "MAX_UPLOAD_BYTES": "0",
		"DATABASE_URL": "host=127.0.0.1 password = 'SECRET PW' port=x",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("DATA_DIR", t.TempDir())
			t.Setenv(name, value)
			_, err := config()
			require.ErrorContains(t, err, name)
			require.NotContains(t, err.Error(), "SECRET")
		})
	}
}
