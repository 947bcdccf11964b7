package audit

import (
	"fmt"
	"slices"
	"strings"
)

// Sentences tell changes in words: "VIEWER may now DELETE datasets of the own organization".
func Sentences(changes []Change) (sentences []string) {
	for _, t := range joined(telling(changes)) {
		if s := t.sentence(); !slices.Contains(sentences, s) {
			sentences = append(sentences, s)
		}
	}
	return sentences
}

// told is a change of several callers, columns and rows.
type told struct {
	Change
	callers, variants []string
	rows              []row // by org and kind
}

// telling leaves out what other changes of the same caller say better: a statement without WHERE, and setting a role to
// what it is.
func telling(changes []Change) []Change {
	said := func(c Change, better func(Change) bool) bool {
		return slices.ContainsFunc(changes, func(d Change) bool {
			return d.Table == c.Table && d.Caller == c.Caller && d.Command == c.Command && better(d)
		})
	}
	return slices.DeleteFunc(slices.Clone(changes), func(c Change) bool {
		switch {
		case c.everywhere():
			return said(c, func(d Change) bool { return !d.blind() && d.Widened == c.Widened && d.Organization != "acme" })
		case c.blind():
			return said(c, func(d Change) bool { return !d.blind() })
		default:
			return slices.Equal(c.Columns, []string{"role"}) &&
				said(c, func(d Change) bool {
					return d.givesRole() && d.Widened == c.Widened && d.Row == c.Row && d.Organization == c.Organization
				})
		}
	})
}

// blind is a statement without WHERE.
func (c Change) blind() bool { return c.Row == everything.kind && c.Variant == "" }

// everywhere tells of a statement without WHERE that more rows were touched than there are in acme.
func (c Change) everywhere() bool {
	return c.blind() && c.there > 0 && c.there < max(touched(c.Before), touched(c.After))
}

const roleTo = "role to "

func (c Change) givesRole() bool { return strings.HasPrefix(c.Variant, roleTo) }

// joined makes one of the changes that differ only in rows, then in columns, in the role that is given, in callers.
func joined(changes []Change) []told {
	all := make([]told, len(changes))
	for i, c := range changes {
		all[i] = told{c, []string{c.Caller}, []string{c.Variant}, []row{{org: c.Organization, kind: c.Row}}}
	}
	all = join(all, func(t told) string { return fmt.Sprint(t.callers, t.variants, t.Columns, t.blind()) },
		func(t *told, u told) { t.rows = append(t.rows, u.rows...) })
	all = join(all, func(t told) string { return fmt.Sprint(t.callers, t.variants, t.rows) },
		func(t *told, u told) { t.Columns = slices.Concat(t.Columns, u.Columns) })
	all = join(all, func(t told) string { return fmt.Sprint(t.callers, t.kind(), t.Columns, t.rows) },
		func(t *told, u told) { t.variants = append(t.variants, u.variants...) })
	return join(all, func(t told) string {
		return fmt.Sprint(t.variants, t.Columns, t.rows, t.inside(), slices.Contains(Keys, t.callers[0]), t.everywhere())
	},
		func(t *told, u told) { t.callers = append(t.callers, u.callers...) })
}

// inside tells that the caller has chosen an organization.
func (t told) inside() bool {
	return slices.Contains(Roles, t.callers[0]) || slices.Contains(Keys, t.callers[0])
}

// kind is the variant, the same for all roles that are given.
func (t told) kind() string {
	if t.givesRole() {
		return roleTo
	}
	return t.Variant
}

// join adds up those of one command on one table that have the same key.
func join(all []told, key func(told) string, add func(*told, told)) (joined []told) {
	at := map[string]int{}
	for _, t := range all {
		k := fmt.Sprint(t.Table, t.Command, t.Widened, t.policy(), key(t))
		i, ok := at[k]
		if !ok {
			at[k] = len(joined)
			joined = append(joined, t)
			continue
		}
		add(&joined[i], t)
	}
	return joined
}

// policy tells that the privilege was there before and after.
func (c Change) policy() bool { return c.Before != NoPrivilege && c.After != NoPrivilege }

func (t told) sentence() string {
	may := "may no longer"
	if t.Widened {
		may = "may now"
	}
	return strings.Join(strings.Fields(strings.Join([]string{who(t.callers), may, strings.ToUpper(t.Command), t.what(), t.whose()}, " ")), " ")
}

// who are the callers.
func who(callers []string) string {
	if strings.Join(callers, " ") == strings.Join(Roles, " ") {
		return "every member"
	}
	if strings.Join(callers, " ") == strings.Join(Keys, " ") {
		return "every API key"
	}
	named := map[string]string{
		Person: "a person who has chosen no organization", Address: "whoever names an address", Session: "whoever names a session",
		Invitation: "whoever names an invitation's token", Identity: "whoever names an external identity", NoContext: "the members' role without app.begin_request", NoBegin: "the login role before any begin",
		Token: "whoever names a one-time token", Day: "whoever names a day", Mailing: "the job that writes tokens for mails", Proving: "who proves an address, in the middle of app.begin_token", Proved: "who has proved an address",
		Addressee: "who declines an invitation", Restoring: "who restores an organization, in the middle of app.begin_restoration",
		NamedKey: "whoever names an API key by its hash", "joining": "who accepts an invitation, in the middle of app.begin_invitation", "founding": "who founds an organization, in the middle of app.begin_organization",
		Making:  "who makes a service account, in the middle of app.begin_service_account",
		Sealing: "the job that seals audit events",
	}
	var names []string
	for _, c := range callers {
		if name, ok := named[c]; ok {
			c = name
		}
		names = append(names, c)
	}
	return list(names, "and")
}

// what the statement is of: the columns, where a grant decides, and the table.
func (t told) what() string {
	object := t.Table
	if t.Table == "organizations" && t.Command != "insert" && !t.blind() {
		object = "" // whose says it
	}
	of := strings.TrimSuffix(" of "+object, " of ")
	switch {
	case t.Command == "begin":
		return fmt.Sprintf("%s (%s)", strings.Join(t.variants, ", "), list(kinds(t.rows, orgsOf(t.rows)...), "and"))
	case t.givesRole():
		var roles []string
		for _, v := range t.variants {
			roles = append(roles, strings.TrimPrefix(v, roleTo))
		}
		return "role to " + list(roles, "or") + of
	case len(t.Columns) == 0 || t.policy() || len(t.Columns) == t.width:
		return object
	case t.Command == "insert":
		return list(t.Columns, "and") + " into " + object
	default:
		return list(t.Columns, "and") + of
	}
}

// inWords says what the statements that are no plain ones do, instead of whose rows they touch.
var inWords = map[string]string{
	"as OWNER":                                     "as OWNER",
	"in another's name":                            "in another's name",
	"published by another":                         "published by another",
	"to other's, called own":                       "to others' datasets, as their own",
	"on beta's dataset":                            "on another organization's dataset",
	"with the address named":                       "with the address named",
	"noor's address":                               "with the address of the context",
	"expired":                                      "that have expired",
	"revoked_at to null":                           "so that revoked ones are open again",
	"sent again in another's name":                 "so that another has sent them again",
	"sent again for longer":                        "so that they last more than seven days",
	"accepted as declined":                         "as accepted, without becoming a member",
	"of one's own API key":                         "that an API key has made",
	"expired ones of API keys":                     "of API keys that have expired",
	"of an API key":                                "of API keys",
	"a service account":                            "of a service account",
	"the service account that is being made":       "of the service account that is being made",
	"the one that is being founded":                "that are being founded",
	"the one that is being founded, by another":    "that are being founded, in another's name",
	"of oneself, with the address that was proved": "of their own, with the address that was proved",
	"of oneself, with another address":             "of their own, with another address",
	"of another, with the address that was proved": "in another's name, with the address that was proved",
	"to the address that was proved":               "to the address that was proved",
	"to used":                                      "so that they are used",
}

// whose rows they are.
func (t told) whose() string {
	if words, ok := inWords[t.Variant]; ok {
		return words
	}
	if t.Command == "begin" {
		return "" // what says it
	}
	acme, beta, gamma := kinds(t.rows, "acme"), kinds(t.rows, "beta"), kinds(t.rows, "gamma")
	switch {
	case t.everywhere():
		return "of every organization in a statement without WHERE"
	case t.blind():
		return t.withoutWhere()
	case len(acme)+len(beta)+len(gamma) == 0:
		return t.ofPeople(kinds(t.rows, ""))
	case !t.inside() && t.callers[0] != Person:
		return t.of("any organization", "acme", "beta", "gamma")
	case t.callers[0] == Person && len(gamma) == 0:
		return t.of("an organization of theirs", "acme", "beta")
	case t.callers[0] == Person:
		return t.of("any organization", "acme", "beta", "gamma")
	case len(gamma) > 0:
		return and(t.of("the own organization", "acme"), t.of("another organization", "beta", "gamma"))
	default:
		return and(t.of("the own organization", "acme"), t.of("another organization that they are members of", "beta"))
	}
}

func and(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " and " + b
}

// withoutWhere is said only where nothing else tells what such a statement does.
func (t told) withoutWhere() string {
	rows := func(n int) string { return strings.Replace(counted(n, "row"), "0 rows", "no row", 1) }
	return fmt.Sprintf("in a statement without WHERE (%s, before: %s)", rows(touched(t.After)), rows(touched(t.Before)))
}

func orgsOf(rows []row) (orgs []string) {
	for _, r := range rows {
		orgs = append(orgs, r.org)
	}
	return orgs
}

// kinds of the rows in organizations.
func kinds(rows []row, orgs ...string) (kinds []string) {
	for _, r := range rows {
		if slices.Contains(orgs, r.org) {
			kinds = append(kinds, r.kind)
		}
	}
	return unique(kinds)
}

// of says which rows of organizations; nothing for none.
func (t told) of(name string, orgs ...string) string {
	kinds, every := kinds(t.rows, orgs...), kinds(targetOf(t.Table).rows, orgs...)
	if len(kinds) == 0 {
		return ""
	}
	in, of := " in "+name, "of "
	switch {
	case t.Table == "organizations" && t.Command != "insert":
		return name
	case t.Command == "insert" && len(kinds) >= len(every):
		return "into " + name
	case len(kinds) >= len(every):
		return of + name
	case t.Command == "insert":
		of = "for "
	case t.Table == "invitations":
		of = "to "
	}
	switch {
	case t.Command == "insert" && kinds[0] == "own":
		return "of their own into " + name
	case t.Command == "insert" && kinds[0] == "other's":
		return "in another's name into " + name
	case kinds[0] == "own" && name == "the own organization":
		return "of their own"
	case kinds[0] == "own":
		return "of their own" + in
	case kinds[0] == "other's":
		return "of others" + in
	default:
		return of + roles(kinds, every) + in
	}
}

// targetOf is how a table is tried; nothing for one that this program does not know.
func targetOf(table string) (of target) {
	for _, t := range targets {
		if t.name == table {
			of = t
		}
	}
	return of
}

// roles are those of members and invitations; everybody but oneself are others.
func roles(kinds, every []string) string {
	i := slices.Index(kinds, "oneself")
	if i < 0 && len(kinds) == len(every)-1 && slices.Contains(every, "oneself") {
		return "others"
	}
	if i >= 0 {
		kinds = append(slices.Delete(kinds, i, i+1), "oneself")
	}
	return strings.Replace(list(kinds, "and"), "revoked", "revoked ones", 1)
}

// ofPeople says which rows of no organization.
func (t told) ofPeople(kinds []string) string {
	switch strings.Join(unique(kinds), ", ") {
	case "":
		return ""
	case "oneself":
		return "(their own)"
	case "member of acme":
		return "(other members' of the own organization)"
	case "stranger":
		return "(strangers')"
	case "service account":
		return "(service accounts')"
	case "member of acme, stranger", "member of acme, stranger, service account":
		return "(others')"
	default:
		return "(anybody's)"
	}
}

func unique(all []string) (once []string) {
	for _, s := range all {
		if !slices.Contains(once, s) {
			once = append(once, s)
		}
	}
	return once
}

// list is "a, b and c".
func list(names []string, and string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " " + and + " " + names[last]
}
