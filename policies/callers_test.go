package policies

import "fmt"

// caller is one kind of caller: how its transaction begins, and who "oneself" is.
type caller struct {
	name   string
	person string
	begin  string // after BEGIN
	login  string // the database user that connects
}

const login, superuser = "insightforge", "postgres"

// callers are the columns of the grid.
var callers = []caller{
	member("OWNER", "olga"), member("ADMIN", "adam"), member("ANALYST", "anna"), member("VIEWER", "vera"),
	{"person", "anna", asPerson("anna"), login},
	{"address", "anna", asUnknown("anna@example.com"), login},
	{"session", "anna", asUnknown(id("sessions/anna").String()), login},
	{"invitation", "anna", asUnknown("hash/acme/ANALYST/open"), login},
	{"no context", "anna", "set local role insightforge_api", login},
	{"no begin", "anna", "", login},
	{"API key", "anna", fmt.Sprintf("set local app.user_id = '%s'; set local app.org_id = '%s'; set local app.role = 'OWNER'; set local role insightforge_key",
		user("anna"), organization("acme")), superuser},
}

// member is a person in acme.
func member(role, person string) caller { return caller{role, person, asMember(person, "acme"), login} }

// asMember, asPerson and asUnknown are the calls that begin a transaction.
func asMember(person, org string) string {
	return fmt.Sprintf("select app.begin_request('%s', '%s')", user(person), organization(org))
}

func asPerson(person string) string { return fmt.Sprintf("select app.begin_user('%s')", user(person)) }

func asUnknown(subject string) string { return fmt.Sprintf("select app.begin_auth('%s')", subject) }
