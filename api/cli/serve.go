package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"syscall"
	"time"

	"github.com/insightforge/insightforge/api"
	"github.com/insightforge/insightforge/api/mail"
	"github.com/insightforge/insightforge/api/memory"
	"github.com/insightforge/insightforge/api/migrate"
	"github.com/insightforge/insightforge/api/password"
	"github.com/insightforge/insightforge/api/tenant"
	"github.com/insightforge/insightforge/api/token"
)

func serve(ctx context.Context, files migrate.Files) (err error) {
	memory.Manage()
	password.GiveWay()
	c, err := config()
	if err != nil {
		return err
	}
	listener, err := listen(c.Addr) // first: what is busy is said before anything is started
	if err != nil {
		return err
	}
	defer listener.Close()
	data, err := openDatabase(ctx, c, files)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.close()) }()
	server, stop, err := newServer(ctx, c, data, files)
	if err != nil {
		return err
	}
	defer stop()
	say("Serving on http://%s", listener.Addr())
	say("  API docs: http://%s/api/docs   OpenAPI: http://%[1]s/api/openapi.json", listener.Addr())
	return serveHTTP(ctx, listener, server, data)
}

func listen(addr string) (net.Listener, error) {
	listener, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use: stop what listens there, or set ADDR, for example ADDR=127.0.0.1:8001", addr)
	}
	return listener, err
}

func newServer(ctx context.Context, c Config, data *database, files migrate.Files) (*http.Server, func(), error) {
	keys, err := token.LoadOrCreate(filepath.Join(c.DataDir, "keys.json"))
	if err != nil {
		return nil, nil, err
	}
	issuer, err := c.issuer()
	if err != nil {
		return nil, nil, err
	}
	sender, err := c.sender()
	if err != nil {
		return nil, nil, err
	}
	expand, err := data.check(ctx, files, c.AllowSetConfig)
	if err != nil {
		return nil, nil, err
	}
	db, err := tenant.Open(ctx, data.url, tenant.Options{MaxConns: c.MaxConns})
	if err != nil {
		return nil, nil, err
	}
	mails := api.Mails{Queue: mail.NewQueue(sender, mail.Options{}), URL: c.PublicURL, Proving: c.SMTPURL != ""}
	if !mails.Proving {
		say("No SMTP_URL: mail is not sent but written to %s and below; who signs up has not proved an address", filepath.Join(c.DataDir, "mail"))
	}
	removeUploadFiles(c.DataDir)
	server := api.NewServer(db, int(c.MaxConns), keys, expand, c.DataDir, c.MaxUploadBytes, mails, c.TrustedProxies...)
	server.Trust(issuer)
	stopKeyUses, stopSealing := inBackground(ctx, server.WriteKeyUses), inBackground(ctx, server.SealEvents)
	stopProfiles, stopLooking := inBackground(ctx, server.ComputeProfiles), inBackground(ctx, data.reportOrphans)
	httpServer := api.HTTPServer(server.Handler())
	httpServer.RegisterOnShutdown(server.StopWatching)
	return httpServer, func() {
		stopProfiles()
		drain(mails.Queue)
		stopKeyUses()
		stopSealing()
		stopLooking()
		db.Close()
	}, nil
}

// inBackground runs job until stop is called, which lets it end. It outlives ctx: requests still end after that.
func removeUploadFiles(dir string) {
	removed, err := api.RemoveUploadFiles(dir, time.Now().Add(-time.Hour))
	if removed > 0 {
		say("Removed %d temporary files of uploads that a crash had left in %s", removed, dir)
	}
	if err != nil {
		say("Warning: temporary files of uploads could not be removed: %v", err)
	}
}

func inBackground(ctx context.Context, job func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() { defer close(ended); job(ctx) }()
	return func() { cancel(); <-ended }
}

// drain sends what mail is left, which needs the database, within what is left of a patient operator's time.
func drain(queue *mail.Queue) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	queue.Close(ctx)
}

// serveHTTP serves until ctx ends or the private PostgreSQL does, then lets requests finish.
func serveHTTP(ctx context.Context, listener net.Listener, server *http.Server, data *database) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-data.gone():
		return errors.Join(server.Close(), fmt.Errorf("PostgreSQL has ended: %w", data.private.Err()))
	case <-ctx.Done():
		say("Stopping")
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			return server.Close() // what is still running is cut off; nothing of it is committed
		}
		return nil
	}
}
