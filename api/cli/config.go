package cli

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/caarlos0/env/v11"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/insightforge/insightforge/api/mail"
	"github.com/insightforge/insightforge/api/oidc"
)

// Config is the environment. README.md has the same table; .ci/configuration compares them.
type Config struct {
	Addr           string   `env:"ADDR" envDefault:"127.0.0.1:8000"`         // where to serve
	DataDir        string   `env:"DATA_DIR" envDefault:".insightforge"`      // keys, spooled uploads, the private PostgreSQL
	DatabaseURL    string   `env:"DATABASE_URL"`                             // empty: the private PostgreSQL
	MaxConns       int32    `env:"MAX_CONNS" envDefault:"16"`                // connections to the database
	MaxUploadBytes int64    `env:"MAX_UPLOAD_BYTES" envDefault:"4294967296"` // of one file
	AllowSetConfig bool     `env:"ALLOW_SET_CONFIG"`                         // serve although set_config is open to PUBLIC
	TrustedProxies Networks `env:"TRUSTED_PROXIES"`                          // whose X-Forwarded-For is believed
	OIDCIssuer     string   `env:"OIDC_ISSUER"`                              // whose ID tokens sign people in
	OIDCAudience   string   `env:"OIDC_AUDIENCE"`                            // the client id that it has given
	SMTPURL        string   `env:"SMTP_URL"`                                 // the server that takes mail; empty: mail is not sent
	MailFrom       string   `env:"MAIL_FROM"`                                // who sends it
	PublicURL      string   `env:"PUBLIC_URL"`                               // of the web application, for links in mails
}

// Networks are addresses and CIDRs, separated by commas.
type Networks []netip.Prefix

// UnmarshalText refuses everybody's network: nobody would be left to be a client.
func (n *Networks) UnmarshalText(text []byte) error {
	for field := range strings.SplitSeq(string(text), ",") {
		network, err := parseNetwork(strings.TrimSpace(field))
		if err != nil || network.Bits() == 0 || network.Addr().Is4In6() {
			return errors.New("it looks like 10.0.0.0/8,fd00::/8 or 192.0.2.1, and not everybody can be a proxy")
		}
		*n = append(*n, network)
	}
	return nil
}

func parseNetwork(text string) (netip.Prefix, error) {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.ParsePrefix(text)
	}
	return addr.Prefix(addr.BitLen())
}

// config reads the environment and makes DATA_DIR.
func config() (Config, error) {
	c, err := environment()
	if err != nil {
		return c, err
	}
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return c, fmt.Errorf("DATA_DIR: %w", err)
	}
	return c, nil
}

func environment() (Config, error) {
	c, err := env.ParseAs[Config]()
	if err != nil {
		return c, err
	}
	if c.MaxConns < 2 || c.MaxUploadBytes < 1 {
		return c, errors.New("MAX_CONNS must be at least 2, MAX_UPLOAD_BYTES at least 1")
	}
	if _, err := c.issuer(); err != nil {
		return c, err
	}
	if _, err := pgconn.ParseConfig(c.DatabaseURL); err != nil { // its text may repeat a password
		return c, errors.New("DATABASE_URL cannot be read: it looks like postgres://insightforge:password@host:5432/database")
	}
	if _, err := c.sender(); err != nil {
		return c, err
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || strings.ContainsAny(c.PublicURL, "?# ") {
			return c, errors.New("PUBLIC_URL cannot be read: it looks like https://app.example.com")
		}
		c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	}
	c.DataDir, err = filepath.Abs(c.DataDir)
	return c, err
}

// issuer is nil where none is configured. It is not asked for anything yet.
func (c Config) issuer() (*oidc.Issuer, error) {
	if c.OIDCIssuer == "" && c.OIDCAudience == "" {
		return nil, nil
	}
	issuer, err := oidc.New(c.OIDCIssuer, c.OIDCAudience, nil)
	if err != nil {
		return nil, fmt.Errorf("OIDC_ISSUER and OIDC_AUDIENCE, both or neither: %w", err)
	}
	return issuer, nil
}

// sender is how mail goes out: through the SMTP server, or, without one, into DATA_DIR and the log.
func (c Config) sender() (mail.Sender, error) {
	if c.SMTPURL == "" {
		return mail.Files{Dir: filepath.Join(c.DataDir, "mail"), Log: os.Stderr}, nil
	}
	return mail.NewSMTP(c.SMTPURL, c.MailFrom, nil)
}
