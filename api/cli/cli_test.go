package cli

import (
	"context"
	"net"
	"net/netip"
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
		"SMTP_URL":     "smtp://user:SECRET@host:x", "MAIL_FROM": "", "PUBLIC_URL": "https://user:SECRET@host",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("DATA_DIR", t.TempDir())
			t.Setenv("SMTP_URL", "smtp://user:SECRET@host:587")
			t.Setenv("MAIL_FROM", "noreply@example.com")
			t.Setenv(name, value)
			_, err := config()
			require.ErrorContains(t, err, name)
			require.NotContains(t, err.Error(), "SECRET")
		})
	}
}

func TestTrustedProxiesAreNetworksButNotEverybodys(t *testing.T) {
	t.Setenv("DATA_DIR", t.TempDir())
	c, err := config()
	require.NoError(t, err)
	require.Empty(t, c.TrustedProxies)

	t.Setenv("TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8,192.0.2.1")
	c, err = config()
	require.NoError(t, err)
	require.Equal(t, Networks{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("192.0.2.1/32")}, c.TrustedProxies)

	for _, wrong := range []string{"0.0.0.0/0", "::/0", "10.0.0.0/8,::/0", "proxy", "10.0.0.0/33", ",", "10.0.0.0/8,", "::ffff:10.0.0.0/104", "10.0.0.1:80"} {
		t.Setenv("TRUSTED_PROXIES", wrong)
		_, err := config()
		require.ErrorContains(t, err, "not everybody can be a proxy", wrong)
	}
}

func TestAnIssuerIsConfiguredWithItsClientIDOrNotAtAll(t *testing.T) {
	for _, c := range []struct{ issuer, audience, wrong string }{
		{"https://accounts.example.com", "client", ""}, {"http://127.0.0.1:8080", "client", ""}, {"", "", ""},
		{"https://accounts.example.com", "", "client id"}, {"", "client", "https URL"},
		{"http://accounts.example.com", "client", "https URL"}, {"https://user:SECRET@accounts.example.com", "client", "https URL"},
	} {
		t.Setenv("DATA_DIR", t.TempDir())
		t.Setenv("OIDC_ISSUER", c.issuer)
		t.Setenv("OIDC_AUDIENCE", c.audience)
		config, err := config()
		if c.wrong != "" {
			require.ErrorContains(t, err, "OIDC_ISSUER and OIDC_AUDIENCE")
			require.ErrorContains(t, err, c.wrong)
			require.NotContains(t, err.Error(), "SECRET")
			continue
		}
		require.NoError(t, err)
		issuer, err := config.issuer()
		require.NoError(t, err)
		require.Equal(t, c.issuer == "", issuer == nil)
	}
}
