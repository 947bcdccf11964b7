package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/caarlos0/env/v11"
)

// Config is the environment. README.md has the same table; .ci/configuration compares them.
type Config struct {
	Addr           string `env:"ADDR" envDefault:"127.0.0.1:8000"`         // where to serve
	DataDir        string `env:"DATA_DIR" envDefault:".insightforge"`      // keys, spooled uploads, the private PostgreSQL
	DatabaseURL    string `env:"DATABASE_URL"`                             // empty: the private PostgreSQL
	MaxConns       int32  `env:"MAX_CONNS" envDefault:"16"`                // connections to the database
	MaxUploadBytes int64  `env:"MAX_UPLOAD_BYTES" envDefault:"4294967296"` // of one file
	AllowSetConfig bool   `env:"ALLOW_SET_CONFIG"`                         // serve although set_config is open to PUBLIC
}

func config() (Config, error) {
	c, err := env.ParseAs[Config]()
	if err != nil {
		return c, err
	}
	if c.DataDir, err = filepath.Abs(c.DataDir); err != nil {
		return c, err
	}
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return c, fmt.Errorf("DATA_DIR: %w", err)
	}
	return c, nil
}
