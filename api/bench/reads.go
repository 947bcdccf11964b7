package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	getDataset   = "get dataset"
	listDatasets = "list 20 datasets"

	clients       = 8
	organizations = 4 // besides the one that is asked
)

// reads compares requests for the catalog with the same transactions run by pgbench.
func (b *bench) reads(ctx context.Context, s *subject) error {
	say("planting %d datasets in one organization and %d in each of %d others", b.datasets, b.elsewhere, organizations)
	dataset, err := b.plant(ctx, s)
	if err != nil {
		return err
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	for _, read := range []struct {
		name, path string
		goal       goal
	}{
		{getDataset, s.datasets(dataset), goal{"≥", 0.30}},
		{listDatasets, s.datasets() + "?limit=20", goal{"≥", 0.25}},
	} {
		if !b.wanted(read.name) {
			continue
		}
		if err := b.read(ctx, s, read.name, read.path, read.goal); err != nil {
			return fmt.Errorf("%s: %w", read.name, err)
		}
	}
	return nil
}

// plant fills the organizations and returns a dataset of the one that is asked.
func (b *bench) plant(ctx context.Context, s *subject) (dataset string, err error) {
	for range organizations {
		other, err := register(ctx, s.client.addr)
		if err != nil {
			return "", err
		}
		if _, err := fill(ctx, other, b.elsewhere); err != nil {
			return "", err
		}
	}
	return fill(ctx, s.client, b.datasets)
}

// fill makes n datasets of ten rows and returns the id of one.
func fill(ctx context.Context, c *client, n int) (id string, err error) {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(clients)
	for range n - 1 {
		group.Go(func() error {
			_, _, err := c.upload(groupCtx, csvOfRows(10), "")
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return "", err
	}
	id, _, err = c.upload(ctx, csvOfRows(10), "")
	return id, err
}

func (b *bench) read(ctx context.Context, s *subject, name, path string, g goal) error {
	transaction, err := s.captured(ctx, func() error { return s.send(ctx, http.MethodGet, path, nil, nil) })
	if err != nil {
		return err
	}
	text, define, err := script(transaction)
	if err != nil {
		return err
	}
	file := b.path("pgbench.sql")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	if err := s.signIn(ctx); err != nil {
		return err
	}
	if _, err := load(ctx, s.client, path, b.load); err != nil { // connections and caches
		return err
	}
	measured, err := b.pairs(ctx, name, "requests/s", b.samples,
		func() (float64, error) { return load(ctx, s.client, path, b.load) },
		func() (float64, error) { return s.pgbench(ctx, file, define, b.load) })
	if err != nil {
		return err
	}
	b.add(figure(name, measured.ratio(), "of pgbench", g, measured.note("requests/s")))
	return nil
}

// pairs takes samples of both sides in turn.
func (b *bench) pairs(ctx context.Context, name, unit string, samples int, ours, theirs func() (float64, error)) (pairs, error) {
	var measured pairs
	for i := range samples {
		var p pair
		var err error
		if p.ours, err = ours(); err != nil {
			return nil, err
		}
		if p.theirs, err = theirs(); err != nil {
			return nil, err
		}
		measured = append(measured, p)
		say("%s %d of %d: %s : %s %s, %.3f", name, i+1, samples, number(p.ours), number(p.theirs), unit, p.ours/p.theirs)
	}
	return measured, ctx.Err()
}

var tps = regexp.MustCompile(`(?m)^tps = ([0-9.]+)`)

// pgbench returns how many times a second the transaction in file was run.
func (s *subject) pgbench(ctx context.Context, file string, define []string, d time.Duration) (float64, error) {
	args := append([]string{"-n", "-M", "prepared", "-f", file, "-c", strconv.Itoa(clients), "-j", strconv.Itoa(min(clients, runtime.NumCPU())),
		"-T", strconv.Itoa(int(d.Seconds()))}, define...)
	out, err := s.tool(ctx, "insightforge", "pgbench", args...)
	if err != nil {
		return 0, err
	}
	found := tps.FindStringSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("pgbench says no tps: %s", out)
	}
	return strconv.ParseFloat(found[1], 64)
}

// load returns how many requests a second are answered when each client, on a connection of its own, sends the next when
// it has read the last. It is as plain as pgbench, because it runs on the same processors as the server.
func load(ctx context.Context, c *client, path string, d time.Duration) (float64, error) {
	request := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", path, c.addr, c.token)
	counts := make([]int, clients)
	begun := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for i := range counts {
		group.Go(func() (err error) {
			counts[i], err = ask(ctx, c.addr, request, begun.Add(d))
			return err
		})
	}
	err := group.Wait()
	elapsed, sum := time.Since(begun).Seconds(), 0
	for _, n := range counts {
		sum += n
	}
	return float64(sum) / elapsed, err
}

// ask sends request again and again on one connection until end and returns how often it was answered.
func ask(ctx context.Context, addr string, request []byte, end time.Time) (n int, err error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	reader := bufio.NewReaderSize(conn, 32<<10)
	for ; time.Now().Before(end); n++ {
		if ctx.Err() != nil {
			return n, ctx.Err()
		}
		if _, err := conn.Write(request); err != nil {
			return n, err
		}
		if err := answered(reader); err != nil {
			return n, err
		}
	}
	return n, nil
}

func answered(reader *bufio.Reader) error {
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(response.Body)
		return fmt.Errorf("%s: %s", response.Status, strings.TrimSpace(string(text)))
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
