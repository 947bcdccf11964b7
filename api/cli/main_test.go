package cli

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/insightforge/insightforge/api/migrate"
	"github.com/insightforge/insightforge/api/postgres/postgrestest"
)

var sqlFiles = migrate.Files{Migrations: os.DirFS("../../sql"), Policies: os.DirFS("../../policies")}

func TestMain(m *testing.M) {
	postgrestest.Main(m, func(ctx context.Context, admin *pgx.Conn) error {
		if err := migrate.Run(ctx, admin, sqlFiles, func(string) {}); err != nil {
			return err
		}
		_, err := admin.Exec(ctx, "create role deployer login; grant insightforge_owner to deployer; create role stranger login")
		return err
	})
}
