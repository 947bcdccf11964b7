package policies

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// condition is an expression of a policy as PostgreSQL writes it, every AND, OR and comparison in parentheses.
type condition struct {
	op   string // AND, OR; empty for a leaf
	of   []condition
	text string // of a leaf
}

// mutation is one change of a text.
type mutation struct{ kind, what, result string }

func parseCondition(text string) condition {
	text = strings.TrimSpace(text)
	for enclosed(text) {
		text = text[1 : len(text)-1]
	}
	for _, op := range []string{"OR", "AND"} {
		if parts := splitTop(text, " "+op+" "); len(parts) > 1 {
			c := condition{op: op}
			for _, part := range parts {
				c.of = append(c.of, parseCondition(part))
			}
			return c
		}
	}
	return condition{text: text}
}

// enclosed tells whether the first parenthesis is closed by the last character.
func enclosed(text string) bool {
	return strings.HasPrefix(text, "(") && closes(text) == len(text)-1
}

// closes is where the first parenthesis is closed.
func closes(text string) int {
	depth := 0
	for i, r := range text {
		switch r {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// splitTop splits outside parentheses and brackets.
func splitTop(text, separator string) (parts []string) {
	depth, from := 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		}
		if depth == 0 && strings.HasPrefix(text[i:], separator) {
			parts, from = append(parts, text[from:i]), i+len(separator)
		}
	}
	return append(parts, text[from:])
}

func (c condition) String() string {
	if c.op == "" {
		return "(" + c.text + ")"
	}
	texts := make([]string, len(c.of))
	for i, part := range c.of {
		texts[i] = part.String()
	}
	return "(" + strings.Join(texts, " "+c.op+" ") + ")"
}

// mutations are the condition with one part of it taken away or changed.
func (c condition) mutations() (all []mutation) {
	if c.op == "" {
		return c.leafMutations()
	}
	for i, part := range c.of {
		rest := condition{op: c.op, of: slices.Delete(slices.Clone(c.of), i, i+1)}
		all = append(all, mutation{c.op + " part removed", "without " + part.text + joined(part), rest.String()})
		for _, m := range part.mutations() {
			changed := condition{op: c.op, of: slices.Clone(c.of)}
			changed.of[i] = condition{text: m.result}
			all = append(all, mutation{m.kind, m.what, changed.String()})
		}
	}
	other := map[string]string{"AND": "OR", "OR": "AND"}[c.op]
	return append(all, mutation{c.op + " to " + other, strings.ToLower(other) + " instead of " + strings.ToLower(c.op) + " after " + c.of[0].String(), condition{op: other, of: c.of}.String()})
}

// joined is a part that is no leaf, in words.
func joined(c condition) string {
	if c.op == "" {
		return ""
	}
	return c.String()
}

var (
	roleList  = regexp.MustCompile(`ARRAY\[('[A-Z]+'::text(?:, '[A-Z]+'::text)*)\]`)
	roleEqual = regexp.MustCompile(`= '([A-Z]+)'::text`)
	equality  = regexp.MustCompile(`^\(?(\w+)\)?(?:::text)? = (?:ANY \()?app\.(\w+)\(`)
)

func (c condition) leafMutations() (all []mutation) {
	if m := roleList.FindStringSubmatchIndex(c.text); m != nil {
		all = append(all, listMutations(c.text, m[2], m[3])...)
	}
	if m := roleEqual.FindStringSubmatchIndex(c.text); m != nil {
		for _, role := range memberRoles {
			if role != c.text[m[2]:m[3]] {
				all = append(all, mutation{"role replaced", c.text[m[2]:m[3]] + " is " + role, c.text[:m[2]] + role + c.text[m[3]:]})
			}
		}
	}
	if m := equality.FindStringSubmatch(c.text); m != nil && m[2] != "role" {
		all = append(all, mutation{"equality replaced", m[1] + " is any", m[1] + " is not null"})
		if m[2] == "org_as" {
			all = append(all, mutation{"equality replaced", "any organization for these roles", strings.TrimPrefix(strings.TrimPrefix(c.text, m[1]), " = ") + " is not null"})
			all = append(all, mutation{"equality replaced", "org_id for every role", m[1] + " = app.org_id()"})
		}
	}
	if is, ok := strings.CutSuffix(c.text, " IS NULL"); ok {
		all = append(all, mutation{"null test turned", c.text + " turned", is + " is not null"})
	} else if is, ok := strings.CutSuffix(c.text, " IS NOT NULL"); ok {
		all = append(all, mutation{"null test turned", c.text + " turned", is + " is null"})
	}
	return all
}

// listMutations add a role to the list text[from:to] or take one from it.
func listMutations(text string, from, to int) (all []mutation) {
	roles := strings.Split(text[from:to], ", ")
	with := func(roles []string) string { return text[:from] + strings.Join(roles, ", ") + text[to:] }
	list := "[" + strings.NewReplacer("'", "", "::text", "").Replace(text[from:to]) + "]"
	for i, role := range roles {
		if len(roles) > 1 {
			all = append(all, mutation{"role taken from a list", fmt.Sprintf("%s without %s", list, strings.Trim(strings.TrimSuffix(role, "::text"), "'")), with(slices.Delete(slices.Clone(roles), i, i+1))})
		}
	}
	for _, role := range memberRoles {
		if literal := "'" + role + "'::text"; !slices.Contains(roles, literal) {
			all = append(all, mutation{"role added to a list", fmt.Sprintf("%s with %s", list, role), with(append(slices.Clone(roles), literal))})
		}
	}
	return all
}

var raises = regexp.MustCompile(`(?s)\n  if [^;]*? then\n    raise exception '([^']*)' using errcode = [\w'.]+;\n  end if;`)

// bodyReplacements loosen what a begin function asks, or have it take another role. Each has to be in one of them: see
// TestEveryReplacementIsOfSomething.
var bodyReplacements = []struct{ what, old, new string }{
	{"on conflict do nothing", "'hex'), 12)), p_user);", "'hex'), 12)), p_user) on conflict do nothing;"},
	{"any user's membership", "where org_id = p_org and user_id = p_user", "where org_id = p_org"},
	{"any organization's membership", "where org_id = p_org and user_id = p_user", "where user_id = p_user"},
	{"any user's membership", "where m.org_id = p_org and m.user_id = p_user", "where m.org_id = p_org"},
	{"any organization's membership", "where m.org_id = p_org and m.user_id = p_user", "where m.user_id = p_user"},
	{"always OWNER", "p_org, membership.role)", "p_org, 'OWNER')"},
	{"the members' role is not taken", "set local role insightforge_api', p_org", "set local role insightforge_user', p_org"},
	{"the role of auth is not taken", "set local role insightforge_auth', p_subject", "set local role insightforge_user', p_subject"},
	{"expired ones are open", " when expires_at <= now() then 'IF024'", ""},
	{"revoked ones are open", " when revoked_at is not null then 'IF022'", ""},
	{"the row is not locked", "id = found_as.id for update", "id = found_as.id"},
	{"by the id of one to another address", "id = p_id and email = person.email", "id = p_id"},
	{"a deleted organization is one", " and deleted_at is null", ""},
	{"an ADMIN may invite to any role", "inviter_role = 'ADMIN' and invitation.role in ('ANALYST', 'VIEWER')", "inviter_role = 'ADMIN'"},
	{"anybody may invite", "inviter_role is null or not (inviter_role = 'OWNER' or inviter_role = 'ADMIN' and invitation.role in ('ANALYST', 'VIEWER'))", "false"},
	{"as OWNER", "p_user, invitation.role);", "p_user, 'OWNER');"},
	{"the role stays insightforge_user", "set local app.subject = '';\n  set local role insightforge_api;", "set local app.subject = '';"},
	{"the subject stays", "\n  set local app.subject = '';\n  set local role", "\n  set local role"},
	{"revoked keys serve", " and (revoked_at is null or revoked_at > now())", ""},
	{"keys that are to end have ended", " or revoked_at > now()", ""},
	{"the key's role, whatever the member's", "roles[least(array_position(roles, key.role), array_position(roles, membership.role))]", "key.role"},
	{"the member's role, whatever the key's", "roles[least(array_position(roles, key.role), array_position(roles, membership.role))]", "membership.role"},
	{"the role of members", "set local role insightforge_key", "set local role insightforge_api"},
	{"service accounts are people", " and kind = 'person'", ""},
	{"service accounts are persons", " and email is not null", ""},
	{"ADMINs make ADMINs", "p_role = 'ADMIN' and membership.role = 'OWNER'", "p_role = 'ADMIN' and membership.role in ('OWNER', 'ADMIN')"},
	{"no role is refused", ") is not true then", ") is not null then"},
	{"as the account", "set local app.user_id = %L; set local app.role = %L; set local role insightforge_api', p_user,", "set local app.user_id = %L; set local app.role = %L; set local role insightforge_api', p_account,"},
	{"not written down as accepted", "set accepted_at = now()", "set accepted_at = accepted_at"},
}

// bodyMutations take one check or one assignment out of a begin function, or loosen a condition.
func bodyMutations(definition string) (all []mutation) {
	for i, m := range raises.FindAllStringSubmatchIndex(definition, -1) {
		all = append(all, mutation{"", fmt.Sprintf("without refusal %d: %s", i+1, definition[m[2]:m[3]]), definition[:m[0]] + definition[m[1]:]})
	}
	for _, replace := range bodyReplacements {
		if strings.Contains(definition, replace.old) {
			all = append(all, mutation{"", replace.what, strings.Replace(definition, replace.old, replace.new, 1)})
		}
	}
	for _, variable := range []string{"user_id", "org_id", "role", "org_ids", "subject"} {
		cleared := "set local app." + variable + " = ''''; "
		if i := strings.Index(definition, cleared); i >= 0 {
			all = append(all, mutation{"", "app." + variable + " is not cleared", definition[:i] + definition[i+len(cleared):]})
		}
	}
	return all
}

// TestEveryReplacementIsOfSomething: one whose text begin.sql has no more would be left out, and nobody would see it.
func TestEveryReplacementIsOfSomething(t *testing.T) {
	t.Parallel()
	begin, err := os.ReadFile("begin.sql")
	require.NoError(t, err)
	for _, replace := range bodyReplacements {
		require.Contains(t, string(begin), replace.old, replace.what)
	}
}

func TestConditionsAreTakenApart(t *testing.T) {
	t.Parallel()
	c := parseCondition("((a = app.org_as(VARIADIC ARRAY['OWNER'::text, 'ADMIN'::text])) AND ((app.role() = 'OWNER'::text) OR (b = app.user_id())) AND (r IS NULL))")
	require.Equal(t, "AND", c.op)
	require.Len(t, c.of, 3)
	require.Equal(t, "OR", c.of[1].op)
	var what []string
	for _, m := range c.mutations() {
		what = append(what, m.what)
	}
	require.Subset(t, what, []string{"without r IS NULL", "[OWNER, ADMIN] without OWNER", "[OWNER, ADMIN] with VIEWER", "OWNER is ADMIN", "b is any", "r IS NULL turned", "or instead of and after (a = app.org_as(VARIADIC ARRAY['OWNER'::text, 'ADMIN'::text]))"})
}
