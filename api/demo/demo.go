// Package demo plays the story of the product against a running server, through the public API and its generated client.
package demo

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/insightforge/insightforge/api/client"
)

// Run is the command demo: args are --url and at most one CSV file. Without a file it uploads a table of its own making.
func Run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "insightforge demo [--url URL] [FILE.csv]")
		flags.PrintDefaults()
	}
	url := flags.String("url", defaultURL(os.Getenv("ADDR")), "the server")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() > 1 {
		return errors.New("demo takes one file at most")
	}
	return play(ctx, os.Stdout, *url, filepath.Join(cmp.Or(os.Getenv("DATA_DIR"), ".insightforge"), "mail"), flags.Arg(0))
}

// defaultURL is where a server with this ADDR is reached from the same machine.
func defaultURL(addr string) string {
	host, port, err := net.SplitHostPort(cmp.Or(addr, "127.0.0.1:8000"))
	if err != nil {
		return "http://" + addr
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// person is somebody who is signed in.
type person struct {
	*client.ClientWithResponses
	user client.User
}

// demo is the story so far.
type demo struct {
	out  io.Writer
	url  string
	mail string // where the server writes the mail that it does not send
	file string // a CSV, or empty

	owner, viewer person
	organization  client.Organization
	dataset       client.UploadedDataset
	plan          plan
	analysis      client.Analysis
	run           client.RunDetail
}

// play runs the steps in order and stops at the first that fails.
func play(ctx context.Context, out io.Writer, url, mail, file string) error {
	d := &demo{out: out, url: url, mail: mail, file: file}
	if err := d.ready(ctx); err != nil {
		return err
	}
	for i, step := range []struct {
		title string
		do    func(context.Context) error
	}{
		{"Sign up two people, and verify their addresses", d.signUp},
		{"Create an organization", d.createOrganization},
		{"Invite the second one as VIEWER; she accepts", d.invite},
		{"Upload a table: the types of its columns are inferred", d.upload},
		{"Read its first rows", d.read},
		{"Query it", d.query},
		{"Save an analysis, run it and draw the result", d.analyze},
		{"Ask in plain English", d.ask},
		{"The VIEWER may read and query, and may not upload", d.refuseViewer},
		{"A stranger is not told that the organization exists", d.refuseStranger},
	} {
		d.say("\n%d. %s", i+1, step.title)
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("demo: %s: %w", step.title, err)
		}
	}
	d.say("\nEverything is kept, in the organization %q. Sign in as %s, password %q, at %s/api/docs",
		d.organization.Name, d.owner.user.Email, password, d.url)
	return nil
}

func (d *demo) ready(ctx context.Context) error {
	c, err := client.New(d.url, client.WithHTTPClient(&http.Client{Timeout: 5 * time.Second}))
	if err != nil {
		return err
	}
	if _, err := c.GetReadinessWithResponse(ctx); err != nil {
		return fmt.Errorf("no InsightForge server answers at %s: start one with `go run .` or name it with --url (%w)", d.url, err)
	}
	d.say("InsightForge at %s", d.url)
	return nil
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.out, format+"\n", args...) }

// refusedWith is nil when err is the server's refusal with this status.
func (d *demo) refusedWith(status int64, err error) error {
	var p *client.Problem
	if !errors.As(err, &p) || p.Status != status {
		return fmt.Errorf("expected a refusal with %d, got: %v", status, err)
	}
	d.say("   %d %s", p.Status, p.Title)
	return nil
}
