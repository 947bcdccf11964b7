package audit

import (
	"crypto/md5"
	_ "embed" // planted.sql
	"fmt"
	"strings"

	"github.com/google/uuid"
)

//go:embed planted.sql
var plantedSQL string

// planted are the rows of planted.sql, as one run names them.
type planted struct{ salt string }

func (p planted) sql() string { return strings.ReplaceAll(plantedSQL, "{salt}", p.salt) }

// id is the uuid that planted.sql writes as md5('{salt}…').
func (p planted) id(name string) uuid.UUID { return md5.Sum([]byte(p.salt + name)) }

// caller is one kind of caller: how its transaction begins, and who "oneself" is.
type caller struct {
	name   string
	person string
	begin  string // after BEGIN, as the login role; empty: nothing
}

// Names of the callers that are no member of an organization.
const (
	Person        = "person"
	Address       = "address"
	Session       = "session"
	Invitation    = "invitation"
	NoContext     = "no context"
	NoBegin       = "no begin"
	APIKey        = "API key"
	Joining       = "joining"
	Founding      = "founding"
	Sealing       = "sealing"
	callersLegend = `OWNER, ADMIN, ANALYST, VIEWER  a member who has chosen acme (begin_request); the callers are also members of beta, with other roles
person                         a person who has chosen no organization (begin_user)
address, session, invitation   an unknown caller who named one (begin_auth)
no context                     the members' role without a begin call
no begin                       the login role as it connects
API key                        the role of API keys, with an OWNER's variables
joining, founding              noor in the middle of begin_invitation, as a VIEWER of acme, and of begin_organization
sealing                        the server's job that seals acme's audit events (begin_seal)
`
)

// Roles of members, most first.
var Roles = []string{"OWNER", "ADMIN", "ANALYST", "VIEWER"}

// callers are the columns of the grid.
func (p planted) callers() []caller {
	member := func(role, person string) caller {
		return caller{role, person, fmt.Sprintf("select app.begin_request('%s', '%s')", p.id("users/"+person), p.id("organizations/acme"))}
	}
	unknown := func(name, subject string) caller {
		return caller{name, "anna", fmt.Sprintf("select app.begin_auth('%s')", subject)}
	}
	return []caller{
		member("OWNER", "olga"), member("ADMIN", "adam"), member("ANALYST", "anna"), member("VIEWER", "vera"),
		{Person, "anna", fmt.Sprintf("select app.begin_user('%s')", p.id("users/anna"))},
		unknown(Address, "anna"+p.salt+"@example.com"),
		unknown(Session, p.id("sessions/anna").String()),
		unknown(Invitation, p.salt+"hash/acme/ANALYST/open"),
		{NoContext, "anna", "set local role insightforge_api"},
		{NoBegin, "anna", ""},
		{APIKey, "anna", fmt.Sprintf("set local app.user_id = '%s'; set local app.org_id = '%s'; set local app.role = 'OWNER'; set local role insightforge_key",
			p.id("users/anna"), p.id("organizations/acme"))},
		p.inside(Joining, "acme", "VIEWER"), p.inside(Founding, "new", "OWNER"),
		{Sealing, "anna", fmt.Sprintf("select app.begin_seal('%s')", p.id("organizations/acme"))},
	}
}

// inside is noor, where a begin function inserts a membership.
func (p planted) inside(name, org, role string) caller {
	return caller{name, "noor", fmt.Sprintf("set local app.user_id = '%s'; set local app.org_id = '%s'; set local app.role = '%s'; set local app.subject = 'noor%s@example.com'; set local role insightforge_user",
		p.id("users/noor"), p.id("organizations/"+org), role, p.salt)}
}
