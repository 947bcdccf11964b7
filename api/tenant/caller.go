package tenant

import "github.com/google/uuid"

// Caller says for whom a transaction runs: which app.begin_* function (policies/begin.sql) opens it, and with what.
type Caller struct {
	begin string
	args  []any
}

// Member is a person inside one organization, with the role that the membership has now. Not a member: SQLSTATE P0002.
func Member(user, org uuid.UUID) Caller {
	return Caller{beginRequest, []any{user, org}}
}

const beginRequest = "select app.begin_request($1, $2)"

// IsMember: made by [Member]. Such a transaction can be begun again; that of a Founder or an Invitee changes something.
func (c Caller) IsMember() bool { return c.begin == beginRequest }

// Person is a person who has chosen no organization. No such user: SQLSTATE 28000.
func Person(user uuid.UUID) Caller {
	return Caller{"select app.begin_user($1)", []any{user}}
}

// Unknown is a caller who has only named something: an address, a session, a token, a day.
func Unknown(subject string) Caller {
	return Caller{"select app.begin_auth($1)", []any{subject}}
}

// Bearer uses up the one-time token of this kind that has this hash, and is the person whose it is: its address is proved by
// then. No such token, or not any more: SQLSTATE IF004; somebody else has the address: 23505.
func Bearer(tokenHash, kind string) Caller {
	return Caller{"select app.begin_token($1, $2)", []any{tokenHash, kind}}
}

// Founder creates the organization org and is its OWNER in this transaction. It exists already: SQLSTATE 23505.
func Founder(user, org uuid.UUID, name string) Caller {
	return Caller{"select app.begin_organization($1, $2, $3)", []any{user, org, name}}
}

// Invitee accepts the invitation whose token has this hash and is a member of its organization in this transaction.
// No such invitation: SQLSTATE P0002; refused: IF001 to IF003 (policies/begin.sql); a member already: 23505.
func Invitee(user uuid.UUID, tokenHash string) Caller {
	return Caller{"select app.begin_invitation($1, $2)", []any{user, tokenHash}}
}
