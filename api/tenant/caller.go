package tenant

import "github.com/google/uuid"

// Caller says for whom a transaction runs: which app.begin_* function (policies/begin.sql) opens it, and with what.
type Caller struct {
	begin string
	args  []any
}

// Member is a person inside one organization, with the role that the membership has now. Not a member: SQLSTATE P0002; the
// organization was deleted: IF004.
func Member(user, org uuid.UUID) Caller {
	return Caller{beginRequest, []any{user, org}}
}

const beginRequest = "select app.begin_request($1, $2)"

// Key is an API key inside one organization, by the hash of its token: with the lower of its role and the role that its member
// has now. It serves no more: SQLSTATE 28000; it is of another organization: P0002.
func Key(hash string, org uuid.UUID) Caller {
	return Caller{beginAPIKey, []any{hash, org}}
}

const beginAPIKey = "select app.begin_api_key($1, $2)"

// text is a statement as it is sent. PostgreSQL makes a plan with policies for one database role: with one text for members
// and keys, a connection that serves them in turn would plan each time, which takes as long as the rest of the request.
func (c Caller) text(sql string) string {
	if c.begin == beginAPIKey {
		return sql + " -- with a key"
	}
	return sql
}

// IsMember: made by [Member] or [Key]. Such a transaction can be begun again; that of a Founder, a Restorer or an Invitee changes something.
func (c Caller) IsMember() bool { return c.begin == beginRequest || c.begin == beginAPIKey }

// Person is a person who has chosen no organization. No such user: SQLSTATE 28000.
func Person(user uuid.UUID) Caller {
	return Caller{"select app.begin_user($1)", []any{user}}
}

// Unknown is a caller who has only named something: an address, a session, a token, a day, or an API key by its hash.
func Unknown(subject string) Caller {
	return Caller{"select app.begin_auth($1)", []any{subject}}
}

// Sealer is the server's own job that seals the audit events of an organization; it is nobody's, and may do nothing else.
func Sealer(org uuid.UUID) Caller {
	return Caller{"select app.begin_seal($1)", []any{org}}
}

// Mailer is the server's own job that writes what a mail to this address carries.
func Mailer(email string) Caller { return Caller{"select app.begin_mail($1)", []any{email}} }

// Claimant is a [Person] for whom an issuer vouches: the address of the user, which nobody had shown to be theirs, is proved by
// then. No such user, or it was proved already: SQLSTATE P0002.
func Claimant(user uuid.UUID, email string) Caller {
	return Caller{"select app.begin_claim($1, $2)", []any{user, email}}
}

// Bearer uses up the one-time token of this kind that has this hash, and is the person whose it is: its address is proved by
// then. No such token, or not any more: SQLSTATE IF008; somebody else has the address: 23505.
func Bearer(tokenHash, kind string) Caller {
	return Caller{"select app.begin_token($1, $2)", []any{tokenHash, kind}}
}

// Founder creates the organization org and is its OWNER in this transaction. It exists already: SQLSTATE 23505.
func Founder(user, org uuid.UUID, name string) Caller {
	return Caller{"select app.begin_organization($1, $2, $3)", []any{user, org, name}}
}

// Restorer restores the organization org, which was deleted less than 30 days ago, and is its OWNER in this transaction. Not a
// member: SQLSTATE P0002; not an OWNER, not deleted, or longer ago: IF043, IF042, IF041.
func Restorer(user, org uuid.UUID) Caller {
	return Caller{"select app.begin_restoration($1, $2)", []any{user, org}}
}

// Invitee accepts the invitation whose token has this hash and is a member of its organization in this transaction.
// No such invitation: SQLSTATE P0002; refused: IF… (policies/begin.sql); a member already: 23505.
func Invitee(user uuid.UUID, tokenHash string) Caller {
	return Caller{"select app.begin_invitation($1, $2)", []any{user, tokenHash}}
}

// InviteeOf is [Invitee] for the invitation with this id, if it is to the user's own, verified address.
func InviteeOf(user, invitation uuid.UUID) Caller {
	return Caller{"select app.begin_invitation($1, null, $2)", []any{user, invitation}}
}

// Addressee is a person with their own address: sees the invitations to it. Not verified: SQLSTATE IF005.
func Addressee(user uuid.UUID) Caller {
	return Caller{"select app.begin_addressee($1)", []any{user}}
}

// AddresseeOf is an [Addressee] of this invitation, who may decline it. No such invitation to them: SQLSTATE P0002.
func AddresseeOf(user, invitation uuid.UUID) Caller {
	return Caller{"select app.begin_addressee($1, $2)", []any{user, invitation}}
}

// ServiceMaker makes the service account in the organization org and is the member that it was before in this transaction. Not
// a member: SQLSTATE P0002; the role does not allow it: IF007; the account exists already: 23505.
func ServiceMaker(user, org, account uuid.UUID, role, name string) Caller {
	return Caller{"select app.begin_service_account($1, $2, $3, $4, $5)", []any{user, org, account, role, name}}
}
