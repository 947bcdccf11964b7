package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api"
	"github.com/insightforge/insightforge/api/mail"
	"github.com/insightforge/insightforge/api/migrate"
	"github.com/insightforge/insightforge/api/oidc"
	"github.com/insightforge/insightforge/api/password"
	"github.com/insightforge/insightforge/api/postgres/postgrestest"
	"github.com/insightforge/insightforge/api/tenant"
	"github.com/insightforge/insightforge/api/token"
)

func TestMain(m *testing.M) {
	postgrestest.Main(m, func(ctx context.Context, admin *pgx.Conn) error {
		files := migrate.Files{Migrations: os.DirFS("../sql"), Policies: os.DirFS("../policies")}
		return migrate.Run(ctx, admin, files, func(string) {})
	})
}

// maxUpload of the servers of tests, bytes.
const maxUpload = 1 << 20

// server is the API on a database of one test's own.
type server struct {
	*httptest.Server
	t       *testing.T
	admin   *pgx.Conn     // a superuser's: for people, whose passwords are slow to hash, and for what no caller may do
	tempDir string        // of uploads
	dumping string        // the statement of dump
	queue   *mail.Queue   // of mails
	clock   *atomic.Int64 // of the limits, ns; it stands still
	api     *api.Server

	stopSealing func() // what is left is sealed then
}

// newServer serves as the program does, with adjustments that a test needs. The tests are a proxy that it trusts: who is
// to come from elsewhere sends X-Forwarded-For.
func newServer(t *testing.T, adjust ...func(*http.Server)) *server {
	t.Helper()
	return newServerOf(t, keys(), adjust...)
}

func newServerOf(t *testing.T, keys *token.Keys, adjust ...func(*http.Server)) *server {
	t.Helper()
	return newServerTrusting(t, nil, keys, adjust...)
}

// newServerTrusting signs in whom the issuer vouches for as well.
func newServerTrusting(t *testing.T, issuer *oidc.Issuer, keys *token.Keys, adjust ...func(*http.Server)) *server {
	t.Helper()
	return newServerWith(t, issuer, keys, api.Mails{Queue: newQueue(t, mail.Files{Dir: t.TempDir(), Log: io.Discard}, mail.Options{Spread: -1})}, adjust...)
}

// newQueue ends with the test.
func newQueue(t *testing.T, sender mail.Sender, o mail.Options) *mail.Queue {
	queue := mail.NewQueue(sender, o)
	t.Cleanup(func() { queue.Close(context.Background()) })
	return queue
}

func newServerWith(t *testing.T, issuer *oidc.Issuer, keys *token.Keys, mails api.Mails, adjust ...func(*http.Server)) *server {
	t.Helper()
	database, dir := postgrestest.Database(t), t.TempDir()
	db, err := tenant.Open(t.Context(), database.URL("insightforge"), tenant.Options{})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	admin, err := pgx.Connect(t.Context(), database.URL("postgres"))
	require.NoError(t, err)
	t.Cleanup(func() { admin.Close(context.Background()) })
	handler := api.NewServer(db, 4, keys, "app.expand", dir, maxUpload, mails, netip.MustParsePrefix("127.0.0.0/8"))
	handler.Trust(issuer)
	s := &server{Server: httptest.NewUnstartedServer(nil), t: t, admin: admin, tempDir: dir, queue: mails.Queue, clock: new(atomic.Int64), api: handler}
	handler.LimitClock(func() time.Time { return time.Unix(0, s.clock.Load()) })
	sealing, stop := context.WithCancel(context.Background())
	sealed := make(chan struct{})
	go func() { defer close(sealed); handler.SealEvents(sealing) }()
	s.stopSealing = func() { stop(); <-sealed }
	t.Cleanup(s.stopSealing)
	s.Config = api.HTTPServer(handler.Handler())
	for _, adjust := range adjust {
		adjust(s.Config)
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// keys of every server here, and of a stranger: writing a file of keys safely takes longer than many a test.
var keys, otherKeys = sync.OnceValue(func() *token.Keys { return newKeys(seed) }), sync.OnceValue(func() *token.Keys { return newKeys(otherSeed) })

// Seeds of their signing keys.
var seed, otherSeed = bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)

func newKeys(seed []byte) *token.Keys {
	dir, err := os.MkdirTemp("", "insightforge-keys-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	k, err := token.LoadOrCreate(writeKeys(dir, seed))
	if err != nil {
		panic(err)
	}
	return k
}

// writeKeys returns the path of a file with one signing key.
func writeKeys(dir string, seed []byte) string {
	path := filepath.Join(dir, "keys.json")
	text, _ := json.Marshal(map[string][]byte{"signing_seed": seed, "refresh_key": seed})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		panic(err)
	}
	return path
}

// force runs a statement as superuser.
func (s *server) force(sql string, args ...any) {
	s.t.Helper()
	_, err := s.admin.Exec(s.t.Context(), sql, args...)
	require.NoError(s.t, err)
}

// person is somebody with an access token, or without one.
type person struct {
	s           *server
	id          uuid.UUID
	email, name string
	token       string
	refresh     string // token
	session     uuid.UUID
}

// newPerson is a user with a verified address and a session, in no organization.
func (s *server) newPerson(name string) person {
	s.t.Helper()
	id := uuid.Must(uuid.NewV7())
	p := person{s: s, id: id, email: id.String() + "@example.com", name: name}
	s.force("insert into app.users (id, email, full_name, password_hash, email_verified_at) values ($1, $2, $3, '', now())", p.id, p.email, p.name)
	return p.again()
}

// unverified takes away that the person has shown the address to be theirs.
func (p person) unverified() {
	p.s.force("update app.users set email_verified_at = null where id = $1", p.id)
}

// again is the person in a session more.
func (p person) again() person {
	p.s.t.Helper()
	p.session = uuid.Must(uuid.NewV7())
	p.s.force("insert into app.sessions (id, user_id) values ($1, $2)", p.session, p.id)
	var err error
	p.token, err = keys().Access(token.Session{User: p.id, ID: p.session}, time.Now())
	require.NoError(p.s.t, err)
	p.refresh = keys().Refresh(p.session, 1)
	return p
}

const theirPassword = "correct horse battery"

var theirHash = sync.OnceValues(func() (string, error) { return password.Hash(context.Background(), theirPassword) })

// setPassword gives the person, who has none, theirPassword.
func (p person) setPassword() {
	p.s.t.Helper()
	hash, err := theirHash()
	require.NoError(p.s.t, err)
	p.s.force("update app.users set password_hash = $2 where id = $1 and kind = 'person'", p.id, hash)
}

// nobody has no token.
func (s *server) nobody() person { return person{s: s} }

// answer is what came back.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

// Header pairs may follow the body of a request; a body that is no string is sent as JSON.
func (p person) get(path string, header ...string) answer {
	return p.do("GET", path, nil, header...)
}
func (p person) delete(path string) answer { return p.do("DELETE", path, nil) }
func (p person) post(path string, body any, header ...string) answer {
	return p.do("POST", path, body, header...)
}
func (p person) patch(path string, body any, header ...string) answer {
	return p.do("PATCH", path, body, header...)
}

func (p person) do(method, path string, body any, header ...string) answer {
	p.s.t.Helper()
	request, err := http.NewRequestWithContext(p.s.t.Context(), method, p.s.URL+path, reader(p.s.t, body))
	require.NoError(p.s.t, err)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if p.token != "" {
		request.Header.Set("Authorization", "Bearer "+p.token)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			request.Host = header[i+1]
		}
	}
	return p.s.send(request)
}

func reader(t *testing.T, body any) io.Reader {
	switch body := body.(type) {
	case nil:
		return nil
	case string:
		return strings.NewReader(body)
	case io.Reader:
		return body
	default:
		text, err := json.Marshal(body)
		require.NoError(t, err)
		return bytes.NewReader(text)
	}
}

// send follows no redirects.
func (s *server) send(request *http.Request) answer {
	s.t.Helper()
	response, err := s.Client().Transport.RoundTrip(request)
	require.NoError(s.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return answer{s.t, response.StatusCode, response.Header, text}
}

// object is JSON.
type object = map[string]any

// is requires a success and returns its body; numbers are json.Number.
func (a answer) is(status int) object {
	a.t.Helper()
	require.Equal(a.t, status, a.status, "%s", a.body)
	return a.object()
}

func (a answer) object() (o object) {
	a.t.Helper()
	if a.status != http.StatusNoContent {
		a.read(&o)
	}
	return o
}

func (a answer) read(to any) {
	a.t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(a.body))
	decoder.UseNumber()
	require.NoError(a.t, decoder.Decode(to), "%s", a.body)
}

// refused requires a problem document and returns it.
func (a answer) refused(status int, code string) object {
	a.t.Helper()
	require.Equal(a.t, status, a.status, "%s", a.body)
	require.Equal(a.t, "application/problem+json", a.header.Get("Content-Type"))
	problem := a.object()
	require.Equal(a.t, code, problem["code"], "%s", a.body)
	require.Equal(a.t, "/api/errors#"+code, problem["type"])
	require.Equal(a.t, json.Number(strconv.Itoa(status)), problem["status"])
	return problem
}

// items of a list.
func (a answer) items() (items []object) {
	a.t.Helper()
	for _, item := range a.is(http.StatusOK)["items"].([]any) {
		items = append(items, item.(object))
	}
	return items
}

// id of what was made or read.
func (a answer) id() string { return a.object()["id"].(string) }

// organization with one member of each role, and a colleague, an ANALYST whose things are nobody's own.
type organization struct {
	s                                        *server
	id                                       uuid.UUID
	owner, admin, analyst, viewer, colleague person
}

func (s *server) newOrganization() *organization {
	s.t.Helper()
	o := &organization{s: s, owner: s.newPerson("Olga Owner")}
	o.id = uuid.MustParse(o.owner.post("/api/v1/organizations", object{"name": "Acme"}).id())
	o.admin, o.analyst, o.viewer = o.newMember("ADMIN"), o.newMember("ANALYST"), o.newMember("VIEWER")
	o.colleague = o.newMember("ANALYST")
	return o
}

func (o *organization) newMember(role string) person {
	o.s.t.Helper()
	p := o.s.newPerson("New " + role)
	o.force(p, role)
	return p
}

// newServiceAccount has a key of its own role.
func (o *organization) newServiceAccount(role string) person {
	o.s.t.Helper()
	p := person{s: o.s, id: uuid.Must(uuid.NewV7()), name: "New service account"}
	o.s.force("insert into app.users (id, kind, full_name) values ($1, 'service', $2)", p.id, p.name)
	o.force(p, role)
	p.token = o.newKey(p, role)
	return p
}

// newKey is an API key of a member, as its OWNER would have made it.
func (o *organization) newKey(p person, role string) string {
	o.s.t.Helper()
	token := api.NewKeyToken()
	o.s.force(`insert into app.api_keys (org_id, id, user_id, kind, created_by, creator_role, name, role, secret_hash, expires_at)
		select $1, gen_random_uuid(), id, kind, case kind when 'person' then id else $3 end, 'OWNER', 'x', $4, encode(sha256($5), 'hex'), now() + interval '1 day'
		from app.users where id = $2`, o.id, p.id, o.owner.id, role, []byte(token))
	return token
}

// force makes somebody a member with a role, or, with no role, takes the membership away.
func (o *organization) force(p person, role string) {
	o.s.t.Helper()
	if role == "" {
		o.s.force("delete from app.memberships where org_id = $1 and user_id = $2", o.id, p.id)
		return
	}
	o.s.force(`with m as (insert into app.memberships (org_id, user_id, kind, role, full_name) select $1, id, kind, $3, $4 from app.users where id = $2
			on conflict (org_id, user_id) do update set role = excluded.role returning user_id, kind)
		insert into app.member_emails (org_id, user_id, email) select $1, user_id, $5 from m where kind = 'person' on conflict do nothing`, o.id, p.id, role, p.name, p.email)
}

// roleOf is empty for who is no member.
func (o *organization) roleOf(p person) (role string) {
	o.s.t.Helper()
	err := o.s.admin.QueryRow(o.s.t.Context(), `select coalesce(
		(select role from app.memberships where org_id = $1 and user_id = $2), '')`, o.id, p.id).Scan(&role)
	require.NoError(o.s.t, err)
	return role
}

func (o *organization) path(rest string) string {
	return "/api/v1/organizations/" + o.id.String() + rest
}

func (o *organization) members() string { return o.path("/members/") }

// weather is a table with a type of each kind.
const weather = `day,rain,place,dry,note
2014-01-01,10.90,Oslo,false,
2014-01-02,0.80,Bergen,false,fog
2014-02-01,0.00,Oslo,true,
`

// count is a query that fits every dataset.
var count = object{"measures": []object{{"op": "count"}}}

func (o *organization) upload(p person, csv string) answer {
	o.s.t.Helper()
	return p.post(o.path("/datasets?name=weather"), csv, "Content-Type", "text/csv")
}

// dataset is the path of a new one.
func (o *organization) dataset(p person) string {
	o.s.t.Helper()
	a := o.upload(p, weather)
	a.is(http.StatusCreated)
	return a.header.Get("Location")
}

// analysis is the path of a new one, on a new dataset.
func (o *organization) analysis(p person) string {
	o.s.t.Helper()
	a := p.post(o.path("/analyses"), object{"name": "Days", "dataset_id": lastOf(o.dataset(p)), "query": count})
	a.is(http.StatusCreated)
	return a.header.Get("Location")
}

// run is the path of a new one, of a new analysis.
func (o *organization) run(p person) string {
	o.s.t.Helper()
	a := p.post(o.analysis(p)+"/runs", nil)
	a.is(http.StatusCreated)
	return a.header.Get("Location")
}

// invite makes an invitation, which the answer has with its token.
func (o *organization) invite(p person, email, role string) object {
	o.s.t.Helper()
	return p.post(o.path("/invitations"), object{"email": email, "role": role}).is(http.StatusCreated)
}

func lastOf(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
