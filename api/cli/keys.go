package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/insightforge/insightforge/api/token"
)

const keysUsage = `insightforge keys list      the keys in DATA_DIR that sign access tokens, without their secrets
insightforge keys rotate    sign and seal with the next keys from now on; nobody is logged out. Leave 5 minutes between two
                            rotations: so long others may keep the list of public keys
insightforge keys revoke    replace all keys at once, as after a theft; everybody must log in again

Running servers notice within a second.`

// runKeys lists, rotates or revokes the keys in DATA_DIR.
func runKeys(_ context.Context, args []string) error {
	c, err := environment()
	if err != nil {
		return err
	}
	do, path := keysCommand(args), filepath.Join(c.DataDir, "keys.json")
	if do == nil {
		say("%s", keysUsage)
		return failed{nil, 2}
	}
	keys, err := do(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no %s yet: it is made when a server first starts with this DATA_DIR", path)
	}
	if err != nil {
		return err
	}
	return printKeys(keys)
}

// keysCommand is nil for what is none.
func keysCommand(args []string) func(path string) ([]token.Key, error) {
	if len(args) != 1 {
		return nil
	}
	return map[string]func(string) ([]token.Key, error){
		"list":   token.List,
		"rotate": func(path string) ([]token.Key, error) { return token.Rotate(path, time.Now()) },
		"revoke": func(path string) ([]token.Key, error) { return token.Revoke(path, time.Now()) },
	}[args[0]]
}

func printKeys(keys []token.Key) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KID\tSTATE\tCREATED\tACTIVE\tRETIRING\tREVOKED")
	for _, k := range keys {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.State, stamp(k.CreatedAt), stamp(k.ActiveAt), stamp(k.RetiringAt), stamp(k.RevokedAt))
	}
	return w.Flush()
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}
