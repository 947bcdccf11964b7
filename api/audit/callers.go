package audit

import (
	"crypto/md5"
	"crypto/sha256"
	_ "embed" // planted.sql
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

//go:embed planted.sql
var plantedSQL string

// planted are the rows of planted.sql, as one run names them.
type planted struct{ salt string }

func (p planted) sql() string { return strings.ReplaceAll(plantedSQL, "{salt}", p.salt) }

// id is the uuid that planted.sql writes as md5('{salt}…').
func (p planted) id(name string) uuid.UUID { return md5.Sum([]byte(p.salt + name)) }

// hash is that of the one-time token with this name.
func (p planted) hash(name string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(p.salt+"one_time_tokens/"+name)))
}

// day is when the expired token has expired: long ago, and on a day that no other run has.
func (p planted) day() string {
	id := p.id("day")
	return time.Date(1000, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(id[0])<<8+int(id[1])).Format(time.DateOnly)
}

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
	Identity      = "identity"
	Token         = "token"
	Day           = "day"
	Mailing       = "mailing"
	NoContext     = "no context"
	NoBegin       = "no begin"
	NamedKey      = "API key"
	Joining       = "joining"
	Founding      = "founding"
	Addressee     = "addressee"
	Making        = "making"
	Restoring     = "restoring"
	Sealing       = "sealing"
	Proving       = "proving"
	Proved        = "proved"
	callersLegend = `OWNER, ADMIN, ANALYST, VIEWER  a member who has chosen acme (begin_request); the callers are also members of beta, with other roles
person                         a person who has chosen no organization (begin_user)
OWNER key, …, VIEWER key       a key in acme (begin_api_key) of the person above with that role; the VIEWER key is the OWNER's
address, session, invitation,
identity, API key, token, day  an unknown caller who named one (begin_auth)
mailing                        the server's job that writes tokens for mails to an address (begin_mail)
no context                     the members' role without a begin call
no begin                       the login role as it connects
joining, founding              noor in the middle of begin_invitation, as a VIEWER of acme, and of begin_organization
addressee                      noor, who may decline an invitation to acme (begin_addressee)
making                         a member of acme in the middle of begin_service_account, which makes a VIEWER
restoring                      an OWNER of delta, which was deleted, in the middle of begin_restoration
sealing                        the server's job that seals acme's audit events (begin_seal)
proving, proved                anna in the middle of begin_token, which moves her to another address, and after it
`
)

// Roles of members, most first.
var Roles = []string{"OWNER", "ADMIN", "ANALYST", "VIEWER"}

// Keys are API keys with these roles, most first.
var Keys = []string{"OWNER key", "ADMIN key", "ANALYST key", "VIEWER key"}

// callers are the columns of the grid.
func (p planted) callers() []caller {
	member := func(role, person string) caller {
		return caller{role, person, fmt.Sprintf("select app.begin_request('%s', '%s')", p.id("users/"+person), p.id("organizations/acme"))}
	}
	key := func(role, person, of string) caller {
		return caller{role + " key", person, fmt.Sprintf("select app.begin_api_key('%shash/acme/%s', '%s')", p.salt, of, p.id("organizations/acme"))}
	}
	unknown := func(name, subject string) caller {
		return caller{name, "anna", fmt.Sprintf("select app.begin_auth('%s')", subject)}
	}
	return []caller{
		member("OWNER", "olga"), member("ADMIN", "adam"), member("ANALYST", "anna"), member("VIEWER", "vera"),
		key("OWNER", "olga", "olga"), key("ADMIN", "adam", "adam"), key("ANALYST", "anna", "anna"), key("VIEWER", "olga", "olga/less"),
		{Person, "anna", fmt.Sprintf("select app.begin_user('%s')", p.id("users/anna"))},
		unknown(Address, "anna"+p.salt+"@example.com"),
		unknown(Session, p.id("sessions/anna").String()),
		unknown(Invitation, p.salt+"hash/acme/ANALYST/open"),
		unknown(Identity, "https://issuer.example anna"+p.salt),
		unknown(NamedKey, p.salt+"hash/acme/anna"),
		unknown(Token, p.hash("anna")), unknown(Day, p.day()),
		{Mailing, "anna", fmt.Sprintf("select app.begin_mail('anna%s@example.com')", p.salt)},
		{NoContext, "anna", "set local role insightforge_api"},
		{NoBegin, "anna", ""},
		p.inside(Joining, "acme", "VIEWER"), p.inside(Founding, "new", "OWNER"), p.restoring(),
		{Addressee, "noor", fmt.Sprintf("select app.begin_addressee('%s', '%s')", p.id("users/noor"), p.id("invitations/acme/VIEWER/open"))},
		{Making, "anna", fmt.Sprintf("set local app.user_id = '%s'; set local app.org_id = '%s'; set local app.role = 'VIEWER'; set local app.subject = ''; set local role insightforge_user",
			p.id("account"), p.id("organizations/acme"))},
		{Sealing, "anna", fmt.Sprintf("select app.begin_seal('%s')", p.id("organizations/acme"))},
		p.moving(Proving, "insightforge_auth"), p.moving(Proved, "insightforge_user"),
	}
}

// restoring is where begin_restoration sees the organization and updates it.
func (p planted) restoring() caller {
	c := p.inside(Restoring, "delta", "OWNER")
	c.begin = fmt.Sprintf("set local app.org_ids = '%s'; ", p.id("organizations/delta")) + c.begin
	return c
}

// moving is anna, where begin_token has set her new address.
func (p planted) moving(name, role string) caller {
	return caller{name, "anna", fmt.Sprintf("set local app.user_id = '%s'; set local app.subject = 'newanna%s@example.com'; set local role %s",
		p.id("users/anna"), p.salt, role)}
}

// inside is noor, where a begin function inserts a membership.
func (p planted) inside(name, org, role string) caller {
	return caller{name, "noor", fmt.Sprintf("set local app.user_id = '%s'; set local app.org_id = '%s'; set local app.role = '%s'; set local app.subject = 'noor%s@example.com'; set local role insightforge_user",
		p.id("users/noor"), p.id("organizations/"+org), role, p.salt)}
}
