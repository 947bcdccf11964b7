package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// client is one person using the API.
type client struct {
	addr            string
	email, password string
	token           string // access token: signIn renews it
	user, org       string // ids
}

// register signs a new person up, with an organization.
func register(ctx context.Context, addr string) (*client, error) {
	c := &client{addr: addr, email: strings.ToLower(rand.Text()) + "@bench.test", password: rand.Text()}
	if err := c.session(ctx, "register", map[string]string{"email": c.email, "password": c.password, "full_name": "Bench"}); err != nil {
		return nil, err
	}
	var org struct{ ID string }
	err := c.send(ctx, http.MethodPost, "/api/v1/organizations", map[string]string{"name": "Bench"}, &org)
	c.org = org.ID
	return c, err
}

// signIn gets a token that lasts ten minutes.
func (c *client) signIn(ctx context.Context) error {
	return c.session(ctx, "login", map[string]string{"email": c.email, "password": c.password})
}

func (c *client) session(ctx context.Context, operation string, body any) error {
	var signedIn struct {
		AccessToken string `json:"access_token"`
		User        struct{ ID string }
	}
	err := c.send(ctx, http.MethodPost, "/api/v1/auth/"+operation, body, &signedIn)
	c.token, c.user = signedIn.AccessToken, signedIn.User.ID
	return err
}

// datasets is the path of the organization's datasets; with an id, of one.
func (c *client) datasets(id ...string) string {
	return "/api/v1/organizations/" + c.org + "/" + strings.Join(append([]string{"datasets"}, id...), "/")
}

// upload makes a dataset of a CSV file, whose types are inferred unless columns says them, and returns its id and how
// many rows it has.
func (c *client) upload(ctx context.Context, file io.Reader, columns string) (id string, rows int64, err error) {
	var dataset struct {
		ID      string
		Version struct {
			RowCount int64 `json:"row_count"`
		}
	}
	query := url.Values{"name": {"bench"}}
	if columns != "" {
		query.Set("columns", columns)
	}
	err = c.do(ctx, http.MethodPost, c.datasets()+"?"+query.Encode(), "text/csv", file, &dataset)
	return dataset.ID, dataset.Version.RowCount, err
}

func (c *client) delete(ctx context.Context, id string) error {
	return c.send(ctx, http.MethodDelete, c.datasets(id), nil, nil)
}

// send sends body as JSON and reads the answer into result; nil: neither.
func (c *client) send(ctx context.Context, method, path string, body, result any) error {
	if body == nil {
		return c.do(ctx, method, path, "", nil, result)
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.do(ctx, method, path, "application/json", bytes.NewReader(text), result)
}

func (c *client) do(ctx context.Context, method, path, contentType string, body io.Reader, result any) error {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+c.addr+path, body)
	if err != nil {
		return err
	}
	if file, ok := body.(*os.File); ok { // a client tells the size of a file, and net/http does not find it out
		info, err := file.Stat()
		if err != nil {
			return err
		}
		request.ContentLength = info.Size()
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, answer)
	}
	if result == nil {
		return nil
	}
	if raw, ok := result.(*[]byte); ok {
		*raw = answer
		return nil
	}
	return json.Unmarshal(answer, result)
}
