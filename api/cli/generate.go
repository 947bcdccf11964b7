package cli

import (
	"context"
	"os"

	"github.com/insightforge/insightforge/api"
	"github.com/insightforge/insightforge/api/audit"
)

// generate writes the documents that are made from the code, below the current directory.
func generate(context.Context, []string) error {
	documents, err := api.Documents()
	if err != nil {
		return err
	}
	documents["audit.md"] = []byte(audit.Document(auditUsage))
	for name, text := range documents {
		if err := os.WriteFile("docs/"+name, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
