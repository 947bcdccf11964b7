package audit

import (
	"slices"
	"strings"
)

// target says how the grid names the rows of a table and what it inserts. {braces} are filled by planted.fill.
type target struct {
	name   string
	key    string // names one row, without its organization
	org    string // the part of WHERE that policies must not need; empty where the table has no organization
	rows   []row
	insert string
	extra  []attempt // what the generated attempts do not tell
}

// row is a kind of row, as the lines of the grid name it.
type row struct {
	kind string // within org
	org  string
	by   string // whose it is; empty: the caller's own
	name string // the last part of its id, if that is not by
	vis  int    // who sees the column that it is of
}

// everything is a statement without WHERE.
var everything = row{kind: "every row"}

// ofEach is one row of an organization.
var ofEach = []row{{org: "acme"}, {org: "beta"}, {org: "gamma"}}

// made are rows that somebody has made in an organization.
var made = []row{
	{kind: "own", org: "acme"}, {kind: "other's", org: "acme", by: "alan"},
	{kind: "own", org: "beta"}, {kind: "other's", org: "beta", by: "alan"},
	{kind: "own", org: "gamma"}, {kind: "other's", org: "gamma", by: "alan"},
}

// ofColumns are rows that tell something of a column: those of everyone, of ANALYST and above, of OWNER and ADMIN.
var ofColumns = append(slices.Clone(made),
	row{kind: "own for analysts", org: "acme", vis: 1}, row{kind: "other's for analysts", org: "acme", by: "alan", vis: 1},
	row{kind: "own for admins", org: "acme", vis: 2}, row{kind: "other's for admins", org: "acme", by: "alan", vis: 2},
	row{kind: "other's for analysts", org: "gamma", by: "alan", vis: 1})

var members = []row{
	{kind: "oneself", org: "acme"}, {kind: "OWNER", org: "acme", by: "otto"}, {kind: "ADMIN", org: "acme", by: "abel"},
	{kind: "ANALYST", org: "acme", by: "alan"}, {kind: "VIEWER", org: "acme", by: "vito"},
	{kind: "oneself", org: "beta"}, {kind: "OWNER", org: "beta", by: "zed"}, {kind: "VIEWER", org: "gamma", by: "zed"},
}

// serviceAccount is a member without an address.
var serviceAccount = row{kind: "service account", org: "acme", by: "bot"}

var people = []row{{kind: "oneself"}, {kind: "member of acme", by: "alan"}, {kind: "stranger", by: "zoe"}}

var invited = []row{
	{kind: "OWNER", org: "acme", name: "OWNER/open"}, {kind: "ADMIN", org: "acme", name: "ADMIN/open"},
	{kind: "ANALYST", org: "acme", name: "ANALYST/open"}, {kind: "VIEWER", org: "acme", name: "VIEWER/open"},
	{kind: "revoked", org: "acme", name: "VIEWER/revoked"}, {kind: "accepted", org: "acme", name: "VIEWER/accepted"}, {kind: "declined", org: "acme", name: "VIEWER/declined"}, {kind: "expired", org: "acme", name: "VIEWER/expired"},
	{kind: "to another address", org: "acme", name: "VIEWER/another's"},
	{kind: "ANALYST", org: "beta", name: "ANALYST/open"}, {kind: "ANALYST", org: "gamma", name: "ANALYST/open"},
}

var keys = []row{
	{kind: "own", org: "acme"}, {kind: "OWNER's", org: "acme", by: "otto"}, {kind: "ADMIN's", org: "acme", by: "abel"}, {kind: "ANALYST's", org: "acme", by: "alan"},
	{kind: "ADMIN's from when OWNER", org: "acme", by: "abel", name: "abel/as OWNER"},
	{kind: "service account's, by OWNER", org: "acme", by: "bot", name: "bot/by OWNER"}, {kind: "service account's, by ADMIN", org: "acme", by: "bot", name: "bot/by ADMIN"},
	{kind: "expired", org: "acme", by: "alan", name: "alan/expired"}, {kind: "revoked", org: "acme", by: "alan", name: "alan/revoked"}, {kind: "rotated", org: "acme", by: "alan", name: "alan/rotated"},
	{kind: "own", org: "beta"}, {kind: "OWNER's", org: "beta", by: "zed"}, {kind: "OWNER's", org: "gamma", by: "zoe"},
}

// targets are the tables of schema app, in the order of sql/, and the ways in.
var targets = []target{
	ways,

	{name: "users", key: "id = {by}", rows: slices.Concat(people, []row{{kind: "service account", by: "bot"}}), insert: "(id, email, full_name, password_hash) values ({new}, '{name}{salt}@example.org', 'x', 'x')",
		extra: []attempt{
			{"insert", "with the address named", columns{}, people[0], "insert into app.users (id, email, full_name, password_hash) values ({new}, 'anna{salt}@example.com', 'x', 'x')"},
			{"insert", "a service account", columns{}, row{}, "insert into app.users (id, kind, full_name) values ({new}, 'service', 'x')"},
			{"insert", "the service account that is being made", columns{}, row{}, "insert into app.users (id, kind, full_name) values ({account}, 'service', 'x')"},
			{"insert", "the service account that is being made, as a person", columns{}, row{}, "insert into app.users (id, full_name) values ({account}, 'x')"},
			{"insert", "of oneself, with the address that was proved", columns{}, people[0], "insert into app.users (id, email, full_name, password_hash, email_verified_at) values ({me}, app.subject(), 'x', 'x', now())"},
			{"insert", "of oneself, with another address", columns{}, people[0], "insert into app.users (id, email, full_name, password_hash, email_verified_at) values ({me}, 'x{salt}@example.com', 'x', 'x', now())"},
			{"insert", "of another, with the address that was proved", columns{}, people[0], "insert into app.users (id, email, full_name, password_hash, email_verified_at) values ({new}, app.subject(), 'x', 'x', now())"},
			{"update", "to the address that was proved", columns{}, everything, "update app.users set email = app.subject()"},
		}},
	{name: "sessions", key: "id = {id}", rows: people, insert: "(id, user_id) values ({new}, {by})"},
	{name: "external_identities", key: "id = {id}", rows: people, insert: "(issuer, subject, user_id, id, email) values ('https://issuer.example', '{salt}new', {by}, {new}, '{name}{salt}@example.org')"},
	{name: "security_events", key: "id = {id}", rows: people, insert: "(user_id, id, kind, session_id) values ({by}, {new}, 'login', {new})"},
	{name: "idempotency_keys", key: "key = '{name}'", rows: people, insert: "(user_id, key, fingerprint, object_id) values ({by}, 'new', '', {new})",
		extra: []attempt{
			{"delete", "expired", columns{}, everything, "delete from app.idempotency_keys where key = 'expired'"},
			{"delete", "expired ones of API keys", columns{}, everything, "delete from app.idempotency_keys where key like '% expired'"},
			{"select", "of API keys", columns{}, everything, "select key from app.idempotency_keys where key like '%-% new'"},
			{"insert", "of one's own API key", columns{}, people[0], "insert into app.idempotency_keys (user_id, key, fingerprint, object_id) values ({by}, coalesce(app.subject(), '') || ' newer', '', {new})"},
		}},
	{name: "one_time_tokens", key: "token_hash = {hash}", rows: append(slices.Clone(people), row{kind: "used", name: "verification/used"}, row{kind: "expired", name: "verification/expired"}),
		insert: "(token_hash, kind, email, user_id, expires_at, expires_on) values (encode(sha256('new'), 'hex'), 'verification', '{name}{salt}@example.org', {by}, now(), to_char(now() at time zone 'UTC', 'YYYY-MM-DD'))",
		extra: []attempt{
			{"insert", "with the address named", columns{}, people[0], "insert into app.one_time_tokens (token_hash, kind, email, user_id, expires_at, expires_on) values (encode(sha256('new'), 'hex'), 'verification', app.subject(), {by}, now(), to_char(now() at time zone 'UTC', 'YYYY-MM-DD'))"},
			used(people[0]), used(people[1]), used(row{kind: "used", name: "verification/used"}),
		}},

	{name: "organizations", key: "id = {org}", rows: []row{{org: "acme"}, {org: "beta"}, {org: "gamma"}, {org: "delta"}},
		insert: "(id, name, created_by) values ({new}, 'x', {me})",
		extra: []attempt{
			{"insert", "the one that is being founded", columns{}, row{}, "insert into app.organizations (id, name, created_by) values ({founded}, 'x', {me})"},
			{"insert", "the one that is being founded, by another", columns{}, row{}, "insert into app.organizations (id, name, created_by) values ({founded}, 'x', {alan})"},
			{"update", "deleted_at to null", columns{}, row{org: "acme"}, undelete}, {"update", "deleted_at to null", columns{}, row{org: "delta"}, undelete},
			{"update", "deleted_at, and to null again", columns{}, row{org: "acme"}, "update app.organizations set deleted_at = now() where id = {org}" + andThen + undelete},
			{"update", "deleted_at to an hour ago", columns{}, row{org: "acme"}, "update app.organizations set deleted_at = now() - interval '1 hour' where id = {org}"},
		}},
	{name: "memberships", key: "full_name = '{name}{salt} of {orgname}'", org: "org_id = {org}", rows: append(slices.Clone(members), serviceAccount),
		insert: "(org_id, user_id, role, full_name) values ({org}, {by}, 'VIEWER', 'x')",
		extra:  append(roleChanges(), madeAccount(), attempt{"insert", "as OWNER", columns{}, members[0], "insert into app.memberships (org_id, user_id, role, full_name) values ({org}, {by}, 'OWNER', 'x')"})},
	{name: "member_emails", key: "email = '{name}{salt}@{orgname}'", org: "org_id = {org}", rows: members,
		insert: "(org_id, user_id, email) values ({org}, {by}, 'x{salt}@example.com')", extra: ownAddress()},
	{name: "invitations", key: "id = {id}", org: "org_id = {org}", rows: invited,
		insert: "(org_id, id, email, role, invited_by, token_hash, organization_name, invited_by_name) values ({org}, {new}, 'new{salt}@example.com', '{role}', {me}, 'x', 'x', 'x')",
		extra: slices.Concat([]attempt{
			{"insert", "in another's name", columns{}, invited[3], "insert into app.invitations (org_id, id, email, role, invited_by, token_hash, organization_name, invited_by_name) values ({org}, {new}, 'new{salt}@example.com', 'VIEWER', {alan}, 'x', 'x', 'x')"},
			{"update", "revoked_at to null", columns{}, invited[4], "update app.invitations set revoked_at = null where id = {id}"},
			{"update", "sent again in another's name", columns{}, invited[3], "update app.invitations set invited_by = {alan} where id = {id}"},
			{"update", "sent again for longer", columns{}, invited[3], "update app.invitations set invited_by = {me}, expires_at = now() + interval '8 days' where id = {id}"},
		}, ofInvitations("sent again", "token_hash = 'x', invited_by = {me}, expires_at = now() + interval '7 days'"),
			ofInvitations("revoked", "revoked_at = now()"), ofInvitations("accepted", "accepted_at = now()"), ofInvitations("declined", "declined_at = now()"))},

	{name: "quotas", key: "org_id = {org}", rows: ofEach, insert: "(org_id) values ({org})",
		extra: []attempt{
			{"insert", "of the one that is being founded", columns{}, row{},
				"insert into app.organizations (id, name, created_by) values ({founded}, 'x', {me})" + andThen + "insert into app.quotas (org_id) values ({founded})"},
			{"update", "locked_at to null", columns{}, ofEach[0], "update app.quotas set locked_at = null"},
		}},

	{name: "api_keys", key: "id = {id}", org: "org_id = {org}", rows: keys,
		insert: "(org_id, id, user_id, kind, created_by, creator_role, name, role, secret_hash, expires_at) values ({org}, {new}, {by}, case {by}::uuid when {bot} then 'service' else 'person' end, {me}, app.role(), 'x', 'VIEWER', 'x', now())",
		extra:  newKeys()},
	{name: "audit_events", key: "id = {id}", org: "org_id = {org}", rows: made,
		insert: "(org_id, id, actor_id, action, object_id, before, after, request_id, address) values ({org}, {new}, {by}, 'member.removed', {new}, '{}', '{}', 'x', 'x')",
		extra: []attempt{
			{"insert", "by a key", columns{}, made[0], "insert into app.audit_events (org_id, id, actor_id, api_key_id, action, request_id, address) values ({org}, {new}, {me}, {new}, 'member.removed', 'x', 'x')"},
			{"insert", "of another time", columns{}, made[0], "insert into app.audit_events (org_id, id, at, actor_id, action, request_id, address) values ({org}, {new}, '2001-01-01', {me}, 'member.removed', 'x', 'x')"},
		}},
	{name: "audit_seals", key: "event_id = {event}", org: "org_id = {org}", rows: made,
		insert: "(org_id, number, event_id, hash) values ({org}, 999, {unsealed}, sha256(''))"},

	{name: "datasets", key: "id = {id}", org: "org_id = {org}", rows: made, insert: "(org_id, id, name, created_by) values ({org}, {new}, 'x', {by})"},
	{name: "dataset_versions", key: "dataset_id = {dataset} and number = 1", org: "org_id = {org}", rows: made,
		insert: "(org_id, dataset_id, number, created_by, published_by, mode, row_count, byte_count, segment_ids) values ({org}, {dataset}, 2, {by}, {me}, 'append', 1, 1, '{}')",
		extra: []attempt{
			{"insert", "published by another", columns{}, made[0], "insert into app.dataset_versions (org_id, dataset_id, number, created_by, published_by, row_count, byte_count, segment_ids) values ({org}, {dataset}, 2, {by}, {alan}, 1, 1, '{}')"},
			purged(made[0]), purged(made[1]), purged(made[4]),
		}},
	{name: "dataset_columns", key: "dataset_id = {dataset} and version = 1 and vis = {vis} and column_no < 13", org: "org_id = {org}", rows: ofColumns,
		insert: "(org_id, dataset_id, version, column_no, created_by, column_id, position, name, header, vis, type, payload, null_count) values ({org}, {dataset}, 1, 2, {by}, 2, 2, 'x', 'x', {vis}, 'integer', 'ints', 0)",
		extra: []attempt{forged("dataset_columns", "(org_id, dataset_id, version, column_no, created_by, column_id, position, name, header, vis, type, payload, null_count) values ({org}, {dataset}, 1, 2, {me}, 2, 2, 'x', 'x', {vis}, 'integer', 'ints', 0)"),
			attempt{"update", "vis to admins", columns{}, ofColumns[0], "update app.dataset_columns set vis = 2 where dataset_id = {dataset} and version = 1 and vis = 0"},
			attempt{"update", "vis to analysts", columns{}, ofColumns[0], "update app.dataset_columns set vis = 1 where dataset_id = {dataset} and version = 1 and vis = 0"},
			attempt{"select", "names", columns{}, everything, "select from app.dataset_columns where name like 'hidden %'"}}},
	{name: "dataset_segments", key: "id = {segment}", org: "org_id = {org}", rows: made,
		insert: "(org_id, id, dataset_id, created_by, row_count) values ({org}, {new}, {dataset}, {by}, 0)",
		extra:  []attempt{forged("dataset_segments", "(org_id, id, dataset_id, created_by, row_count) values ({org}, {new}, {dataset}, {me}, 0)")}},
	{name: "dataset_words", key: "dataset_id = {dataset} and vis = {vis}", org: "org_id = {org}", rows: ofColumns,
		insert: "(org_id, dataset_id, column_no, page_no, created_by, vis, words) values ({org}, {dataset}, 2, 0, {by}, {vis}, '{}')",
		extra:  []attempt{forged("dataset_words", "(org_id, dataset_id, column_no, page_no, created_by, vis, words) values ({org}, {dataset}, 2, 0, {me}, {vis}, '{}')")}},
	{name: "dataset_chunks", key: "segment_id = {segment} and vis = {vis}", org: "org_id = {org}", rows: ofColumns,
		insert: "(org_id, segment_id, column_no, chunk_no, created_by, vis, first_row, row_count, null_count, ints) values ({org}, {segment}, 2, 0, {by}, {vis}, 0, 0, 0, '{}')",
		extra:  []attempt{forged("dataset_chunks", "(org_id, segment_id, column_no, chunk_no, created_by, vis, first_row, row_count, null_count, ints) values ({org}, {segment}, 2, 0, {me}, {vis}, 0, 0, 0, '{}')")}},
	{name: "dataset_files", key: "dataset_id = {dataset} and vis = {vis}", org: "org_id = {org}", rows: ofColumns,
		insert: "(org_id, dataset_id, version, created_by, vis, sha256) values ({org}, {dataset}, 3, {by}, {vis}, '')",
		extra:  []attempt{forged("dataset_files", "(org_id, dataset_id, version, created_by, vis, sha256) values ({org}, {dataset}, 3, {me}, {vis}, '')")}},
	{name: "dataset_pieces", key: "dataset_id = {dataset} and vis = {vis}", org: "org_id = {org}", rows: ofColumns,
		insert: "(org_id, dataset_id, version, piece_no, created_by, vis, bytes) values ({org}, {dataset}, 1, 1, {by}, {vis}, '')",
		extra:  []attempt{forged("dataset_pieces", "(org_id, dataset_id, version, piece_no, created_by, vis, bytes) values ({org}, {dataset}, 1, 1, {me}, {vis}, '')")}},
	{name: "dataset_profiles", key: "dataset_id = {dataset} and vis = {vis}", org: "org_id = {org}", rows: ofColumns,
		insert: "(org_id, dataset_id, version, column_no, created_by, vis, profile) values ({org}, {dataset}, 1, 13, {by}, {vis}, '{}')",
		extra:  []attempt{forged("dataset_profiles", "(org_id, dataset_id, version, column_no, created_by, vis, profile) values ({org}, {dataset}, 1, 13, {me}, {vis}, '{}')")}},
	{name: "dataset_imports", key: "id = {id}", org: "org_id = {org}", rows: made,
		insert: "(org_id, id, created_by, dataset_id, mode) values ({org}, {new}, {by}, {dataset}, 'append')"},

	{name: "analyses", key: "id = {id}", org: "org_id = {org}", rows: ofColumns,
		insert: "(org_id, id, dataset_id, name, query, created_by, vis) values ({org}, {new}, {dataset}, 'x', '{}', {by}, {vis})",
		extra: []attempt{{"insert", "on beta's dataset", columns{}, made[0],
			"insert into app.analyses (org_id, id, dataset_id, name, query, created_by) values ({org}, {new}, {foreign_dataset}, 'x', '{}', {by})"}}},
	{name: "analysis_runs", key: "id = {id}", org: "org_id = {org}", rows: ofColumns,
		insert: "(org_id, id, analysis_id, created_by, result, vis) values ({org}, {new}, {analysis}, {by}, '{}', {vis})"},
	{name: "questions", key: "id = {id}", org: "org_id = {org}", rows: made,
		insert: "(org_id, id, dataset_id, question, interpretation, provider, created_by) values ({org}, {new}, {dataset}, 'x', '{}', 'none', {by})"},
	{name: "questions_asked", key: "id = {id}", org: "org_id = {org}", rows: ofEach, insert: "(org_id, id) values ({org}, {new})"},
}

// ways are the calls that begin a transaction, each with a statement that shows who one is then.
var ways = target{name: "ways in", extra: slices.Concat(
	way("as oneself in an organization", "begin_request({me}, {org})", "select from app.datasets",
		row{kind: "of one's own", org: "acme"}, row{kind: "of others", org: "gamma"}, row{kind: "that is not there", org: "nowhere"}),
	way("as nobody in an organization", "begin_request({new}, {org})", "select from app.datasets", row{kind: "of others", org: "acme"}),
	way("as a person", "begin_user({by})", "select from app.users", row{kind: "oneself"}, row{kind: "that is not there", by: "nobody"}),
	way("as an unknown caller", "begin_auth('anna{salt}@example.com')", "select from app.users", row{kind: "with an address"}),
	way("founding an organization", "begin_organization({me}, {org}, 'x')", "select from app.memberships where role = 'OWNER' and user_id = {me}",
		row{kind: "that is new", org: "new"}, row{kind: "that one belongs to", org: "acme"}, row{kind: "of others", org: "gamma"}),
	way("founding an organization as nobody", "begin_organization({new}, {org}, 'x')", "select from app.memberships", row{kind: "that is new", org: "new"}),
	way("as a member", "begin_request({by}, {org})", "select from app.organizations", row{kind: "of a deleted organization", org: "delta"}),
	way("restoring an organization", "begin_restoration({by}, {org})", "select from app.organizations where deleted_at is null", row{kind: "as its OWNER", org: "delta"},
		row{kind: "as its ADMIN", org: "delta", by: "adam"}, row{kind: "of others", org: "delta", by: "alan"}, row{kind: "deleted 31 days ago", org: "omega"},
		row{kind: "that is not deleted", org: "beta"}, row{kind: "that is not there", org: "nowhere"}),
	way("accepting an invitation", "begin_invitation({noor}, '{salt}hash/{orgname}/{name}')", "select from app.memberships where role = '{role}' and user_id = {noor}",
		row{kind: "open", org: "acme", name: "ANALYST/open"}, row{kind: "revoked", org: "acme", name: "VIEWER/revoked"}, row{kind: "accepted", org: "acme", name: "VIEWER/accepted"},
		row{kind: "declined", org: "acme", name: "VIEWER/declined"}, row{kind: "of a deleted organization", org: "delta", name: "VIEWER/open"}, row{kind: "expired", org: "acme", name: "VIEWER/expired"}, row{kind: "whose inviter may not invite", org: "acme", name: "VIEWER/orphaned"}, row{kind: "that is not there", org: "acme", name: "none"}),
	way("accepting another's invitation", "begin_invitation({me}, '{salt}hash/{orgname}/{name}')", "select from app.memberships", row{kind: "open", org: "gamma", name: "ANALYST/open"}),
	way("accepting an invitation without having verified the address", "begin_invitation({ned}, $${salt}hash/{orgname}/{name}$$)", "select from app.memberships",
		row{kind: "to oneself", org: "acme", name: "VIEWER/another's"}, row{kind: "to another", org: "acme", name: "VIEWER/open"}),
	way("accepting an invitation by its id", "begin_invitation({noor}, null, {invitation})", "select from app.memberships where role = '{role}' and user_id = {noor}",
		row{kind: "open", org: "acme", name: "ANALYST/open"}, row{kind: "revoked", org: "acme", name: "VIEWER/revoked"}, row{kind: "of a deleted organization", org: "delta", name: "VIEWER/open"},
		row{kind: "whose inviter may not invite", org: "acme", name: "VIEWER/orphaned"}, row{kind: "to another", org: "acme", name: "VIEWER/another's"}, row{kind: "that is not there", org: "acme", name: "none"}),
	way("accepting an invitation by its id without having verified the address", "begin_invitation({ned}, null, {invitation})", "select from app.memberships",
		row{kind: "to oneself", org: "acme", name: "VIEWER/another's"}, row{kind: "to another", org: "acme", name: "VIEWER/open"}),
	way("seeing the invitations to oneself", "begin_addressee({by})", "select from app.invitations where email = '{name}{salt}@example.com'",
		row{kind: "oneself", by: "noor"}, row{kind: "that has not verified the address", by: "ned"}, row{kind: "that is not there", by: "nobody"}),
	way("declining an invitation", "begin_addressee({noor}, {invitation})", "update app.invitations set declined_at = now() where id = {invitation}",
		row{kind: "open", org: "acme", name: "ANALYST/open"}, row{kind: "revoked", org: "acme", name: "VIEWER/revoked"}, row{kind: "to another", org: "acme", name: "VIEWER/another's"},
		row{kind: "that is not there", org: "acme", name: "none"}),
	way("declining an invitation without having verified the address", "begin_addressee({ned}, {invitation})", "select from app.invitations", row{kind: "to oneself", org: "acme", name: "VIEWER/another's"}),
	way("accepting an invitation as nobody", "begin_invitation({new}, '{salt}hash/{orgname}/{name}')", "select from app.memberships", row{kind: "open", org: "acme", name: "ANALYST/open"}),
	way("with an API key", "begin_api_key('{salt}hash/{orgname}/{name}', {org})", "select from app.datasets where app.role() = 'ANALYST' and app.user_id() = {by}",
		row{kind: "that serves", org: "acme", by: "alan"}, row{kind: "rotated", org: "acme", by: "alan", name: "alan/rotated"}, row{kind: "revoked", org: "acme", by: "alan", name: "alan/revoked"},
		row{kind: "expired", org: "acme", by: "alan", name: "alan/expired"}, row{kind: "that is not there", org: "acme", by: "alan", name: "none"}),
	way("with an API key of more than its member", "begin_api_key('{salt}hash/{orgname}/{name}', {org})", "select where app.role() = 'VIEWER'", row{kind: "of VIEWER", org: "acme", by: "vera"}),
	way("with an API key of less than its member", "begin_api_key('{salt}hash/{orgname}/{name}', {org})", "select where app.role() = 'VIEWER'", row{kind: "of OWNER", org: "acme", by: "olga", name: "olga/less"}),
	way("with an API key of a service account", "begin_api_key('{salt}hash/{orgname}/{name}', {org})", "select where app.role() = 'ADMIN'", row{kind: "that serves", org: "acme", by: "bot", name: "bot/by OWNER"}),
	way("with an API key of another organization", "begin_api_key('{salt}hash/{orgname}/{name}', {gamma})", "select from app.datasets", row{kind: "of nobody there", org: "acme", by: "alan"}, row{kind: "of a member there", org: "beta", by: "zed"}),
	way("with an API key in no organization", "begin_api_key('{salt}hash/{orgname}/{name}', null)", "select from app.datasets", row{kind: "that serves", org: "acme", by: "alan"}),
	way("making a service account", "begin_service_account({by}, {org}, {account}, '{role}', 'x')", "select from app.memberships where user_id = {account} and kind = 'service' and app.user_id() = {by}",
		slices.Concat(accounts("acme", "otto", "OWNER", "ADMIN", "ANALYST", "VIEWER"), accounts("acme", "abel", "ADMIN", "ANALYST", "VIEWER"),
			accounts("acme", "alan", "VIEWER"), accounts("acme", "vito", "VIEWER"), accounts("acme", "bot", "VIEWER"), accounts("gamma", "olga", "VIEWER"))...),
	way("making a service account that is there", "begin_service_account({by}, {org}, {bot}, 'VIEWER', 'x')", "select from app.memberships", row{kind: "as OWNER", org: "acme", by: "otto"}),
	way("as a service account in an organization", "begin_request({bot}, {org})", "select from app.datasets", row{kind: "of its own", org: "acme"}),
	way("as a service account", "begin_user({bot})", "select from app.users", row{kind: "oneself"}),
	way("founding an organization as a service account", "begin_organization({bot}, {org}, 'x')", "select from app.memberships", row{kind: "that is new", org: "new"}),
	way("accepting an invitation as a service account", "begin_invitation({bot}, '{salt}hash/{orgname}/{name}')", "select from app.memberships", row{kind: "open", org: "gamma", name: "ANALYST/open"}),
	way("using a token", "begin_token({hash}, '{role}')", "select from app.users where email = app.subject() and email_verified_at = now()",
		row{kind: "of a registration", name: "registration/newcomer"}, row{kind: "of a registration, too late", name: "registration/too late"},
		row{kind: "of a verification", name: "verification/noor"}, row{kind: "of a verification of an address before", name: "verification/before"},
		row{kind: "of a change of address", name: "email_change/noor"}, row{kind: "of a change to an address that is taken", name: "email_change/taken"},
		row{kind: "of a change with a password before", name: "email_change/before"},
		row{kind: "of a password reset", name: "password_reset/noor"}, row{kind: "of a reset of a password before", name: "password_reset/before"},
		row{kind: "that has expired", name: "verification/expired"}, row{kind: "that was used", name: "verification/used"}, row{kind: "that is not there", name: "verification/none"}),
	way("with an issuer's word for an address", "begin_claim({by}, '{name}{salt}@example.com')", "select from app.users where id = {by} and email_verified_at = now()",
		row{kind: "that nobody has proved", by: "ned"}, row{kind: "that is proved", by: "noor"}, row{kind: "of another", by: "ned", name: "noor"}),
	way("using a token as one of another kind", "begin_token({hash}, 'password_reset')", "select from app.users",
		row{kind: "of a registration", name: "registration/newcomer"}, row{kind: "of a verification", name: "verification/noor"}, row{kind: "of a change of address", name: "email_change/noor"}),
	way("using a token twice", "begin_token({hash}, '{role}')", "select app.begin_token({hash}, '{role}')", row{kind: "of a verification", name: "verification/noor"}),
	stale("begin_request({me}, {org})", "{me}", "{org}", "(select role from app.memberships where user_id = {me})", "''", "''"),
	stale("begin_user({me})", "{me}", "''", "''", "''", "(select string_agg(org_id::text, ',') from app.memberships)"),
	stale("begin_auth('anna{salt}@example.com')", "''", "''", "''", "'anna{salt}@example.com'", "''"),
	stale("begin_organization({me}, {new}, 'x')", "{me}", "{new}", "'OWNER'", "''", "''"),
	stale("begin_mail('anna{salt}@example.com')", "''", "''", "'mail'", "'anna{salt}@example.com'", "''"),
	stale("begin_claim({ned}, 'ned{salt}@example.com')", "{ned}", "''", "''", "''", "''"),
	stale("begin_token({hash}, 'verification')", "{me}", "''", "''", "(select email from app.users)", "(select string_agg(org_id::text, ',') from app.memberships)"),
	stale("begin_restoration({me}, {delta})", "{me}", "{delta}", "'OWNER'", "''", "''"),
	stale("begin_invitation({noor}, '{salt}hash/acme/ANALYST/open')", "{noor}", "{org}", "'ANALYST'", "md5('{salt}invitations/acme/ANALYST/open')::uuid::text", "''"),
	stale("begin_addressee({noor}, {open_invitation})", "{noor}", "{org}", "''", "'noor{salt}@example.com'", "''"),
	stale("begin_api_key('{salt}hash/acme/olga/less', {org})", "{olga}", "{org}", "'VIEWER'", "{less}", "''"),
	stale("begin_service_account({olga}, {org}, {account}, 'VIEWER', 'x')", "{olga}", "{org}", "'OWNER'", "''", "''"),
	way("sealing audit events", "begin_seal({org})", "select from app.audit_events", row{kind: "of one's own", org: "acme"}, row{kind: "of others", org: "gamma"}),
	stale("begin_seal({org})", "''", "{org}", "''", "''", "''"),
)}

const undelete = "update app.organizations set deleted_at = null where id = {org}"

// andThen is between the statements of one attempt. No name has it.
const andThen = "\x00"

// way is a call and what can be seen after it, with each of the rows.
func way(variant, call, then string, rows ...row) (attempts []attempt) {
	for _, r := range rows {
		attempts = append(attempts, attempt{"begin", variant, columns{}, r, "select app." + call + andThen + then})
	}
	return attempts
}

// stale finds every variable set by somebody else, begins, and sees whether each is what the call must have set.
func stale(call, user, org, role, subject, orgIDs string) []attempt {
	name, _, _ := strings.Cut(call, "(")
	return []attempt{{"begin", "among stale variables", columns{}, row{kind: name, org: "acme"}, "set local app.user_id = {alan}" + andThen + "set local app.org_id = {beta}" + andThen +
		"set local app.role = 'OWNER'" + andThen + "set local app.org_ids = {beta}" + andThen + "set local app.subject = 'alan{salt}@example.com'" + andThen + "select app." + call +
		andThen + "select where current_setting('app.user_id') = " + user + " and current_setting('app.org_id') = " + org + " and current_setting('app.role') = " + role +
		" and current_setting('app.subject') = " + subject + " and current_setting('app.org_ids') = " + orgIDs}}
}

// roleChanges are all the old and new roles.
func roleChanges() (attempts []attempt) {
	for _, role := range []string{"OWNER", "ADMIN", "ANALYST", "VIEWER"} {
		for _, r := range append(slices.Clone(members), serviceAccount) {
			attempts = append(attempts, attempt{"update", "role to " + role, columns{}, r, "update app.memberships set role = '" + role + "' where full_name = '{name}{salt} of {orgname}'"})
		}
	}
	return attempts
}

// ofInvitations sets one thing of every kind of invitation, and of all of them without reading any.
func ofInvitations(variant, set string) []attempt {
	attempts := []attempt{{"update", variant, columns{}, everything, "update app.invitations set " + set}}
	for _, r := range invited {
		attempts = append(attempts, attempt{"update", variant, columns{}, r, "update app.invitations set " + set + " where id = {id}"})
	}
	return attempts
}

// madeAccount is the second step of begin_service_account.
func madeAccount() attempt {
	return attempt{"insert", "the service account that is being made", columns{}, row{org: "acme"}, "insert into app.users (id, kind, full_name) values ({account}, 'service', 'x')" +
		andThen + "insert into app.memberships (org_id, user_id, kind, role, full_name) values ({org}, {account}, 'service', 'VIEWER', 'x')"}
}

// accounts are of each role, as somebody would make them.
func accounts(org, by string, roles ...string) (rows []row) {
	for _, role := range roles {
		rows = append(rows, row{kind: role + ", by " + by, org: org, by: by, name: role})
	}
	return rows
}

// newKeys are of each role, for oneself and for the service account; and what only an attacker would claim or change.
func newKeys() (attempts []attempt) {
	const insert = "insert into app.api_keys (org_id, id, user_id, kind, created_by, creator_role, name, role, secret_hash, expires_at) values ({org}, {new}, "
	for _, role := range Roles {
		attempts = append(attempts,
			attempt{"insert", "for oneself, as " + role, columns{}, keys[0], insert + "{me}, 'person', {me}, app.role(), 'x', '" + role + "', 'x', now())"},
			attempt{"insert", "for the service account, as " + role, columns{}, keys[0], insert + "{bot}, 'service', {me}, app.role(), 'x', '" + role + "', 'x', now())"},
			attempt{"insert", "claimed to be made as " + role, columns{}, keys[0], insert + "{me}, 'person', {me}, '" + role + "', 'x', 'VIEWER', 'x', now())"})
	}
	update := func(variant, set string) {
		for _, i := range []int{0, 3, 8, 9} { // own, ANALYST's, revoked, rotated
			attempts = append(attempts, attempt{"update", variant, columns{}, keys[i], "update app.api_keys set revoked_at = " + set + " where id = {id}"})
		}
	}
	update("revoked_at to null", "null")
	update("revoked_at to 7 days ahead", "now() + interval '7 days'")
	update("revoked_at to more than that", "now() + interval '7 days 1 second'")
	return append(attempts, attempt{"insert", "in another's name", columns{}, keys[0], insert + "{bot}, 'service', {alan}, app.role(), 'x', 'VIEWER', 'x', now())"},
		attempt{"insert", "for a year and a day", columns{}, keys[0], insert + "{me}, 'person', {me}, app.role(), 'x', 'VIEWER', 'x', now() + interval '366 days')"})
}

// ownAddress is noor's, for whoever is named.
func ownAddress() (attempts []attempt) {
	for _, r := range members {
		attempts = append(attempts, attempt{"insert", "noor's address", columns{}, r, "insert into app.member_emails (org_id, user_id, email) values ({org}, {by}, 'noor{salt}@example.com')"},
			attempt{"update", "to the address that was proved", columns{}, r, "update app.member_emails set email = app.subject() where email = '{name}{salt}@{orgname}'"})
	}
	return attempts
}

// used takes a token as begin_token does.
func used(r row) attempt {
	return attempt{"update", "to used", columns{}, r, "update app.one_time_tokens set used_at = now() where token_hash = {hash}"}
}

// forged claims somebody else's dataset as one's own.
func forged(table, insert string) attempt {
	return attempt{"insert", "to other's, called own", columns{}, made[1], "insert into app." + table + " " + insert}
}

// purged is a version that is deleted first.
func purged(r row) attempt {
	return attempt{"delete", "deleted before", columns{}, r, "update app.dataset_versions set deleted_at = now() where dataset_id = {dataset} and number = 1" + andThen +
		"delete from app.dataset_versions where dataset_id = {dataset} and number = 1"}
}
