package api

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// problemKind is what is the same for every problem of a code. meaning is the code's paragraph in docs/errors.md.
type problemKind struct {
	status     int
	title      string
	meaning    string
	retryAfter string // seconds
}

// problemKinds are all codes. docs/errors.md is generated from it (go generate).
var problemKinds = map[string]problemKind{
	"bad_request":                  {400, "Bad request", "The request could not be read: no JSON, or nested too deeply.", ""},
	"unauthorized":                 {401, "Not signed in", "No access token or API key, or one that is not valid any more. Refresh the token or log in; use another key.", ""},
	"bad_credentials":              {401, "Wrong address or password", "The two do not belong together. Which one is wrong is not said.", ""},
	"session_ended":                {401, "Session ended", "The session was logged out or revoked, the password was changed, or it has expired: 7 days after the last refresh, 30 days after the login. A refresh token that is used again more than 10 seconds after its first use, or that is older, ends its session. Log in.", ""},
	"id_token_invalid":             {401, "ID token not accepted", "detail says why. Get a new one from the issuer.", ""},
	"id_token_used":                {401, "ID token used", "An ID token signs in once. Get a new one from the issuer.", ""},
	"forbidden":                    {403, "Not allowed", "The object is there, and your role in the organization does not allow this. OWNER and ADMIN are told in policy which row-level-security policy refused: policies/ has it, and GET /api/v1/organizations/{org_id}/permissions says what it asks.", ""},
	"key_not_allowed":              {403, "Not with an API key", "An API key works inside its organization only, and makes no members: this is for people, with an access token.", ""},
	"wrong_password":               {403, "Wrong password", "The current password, or the one that was chosen at sign-up, is another one. Nothing was changed, and a token serves on.", ""},
	"address_unverified":           {403, "Address not verified", "The issuer has not verified the person's e-mail address, or the ID token lacks it (is the scope email asked for?). email_verified must be true, not a string.", ""},
	"invitation_address":           {403, "Invitation for another address", "An invitation can be accepted only by the address that it was made for.", ""},
	"email_unverified":             {403, "Address not verified", "This needs an address that you have shown to be yours. Verify your address first.", ""},
	"inviter_lost_right":           {403, "The inviter may not invite any more", "Whoever invited you has left the organization or may no longer invite to this role. Ask for a new invitation.", ""},
	"not_found":                    {404, "Not found", "There is nothing at this address that you may see. An object of another organization answers the same as one that does not exist.", ""},
	"oidc_not_configured":          {404, "No issuer configured", "This server signs nobody in by an ID token.", ""},
	"method_not_allowed":           {405, "Method not allowed", "See the Allow header.", ""},
	"request_timeout":              {408, "Request timed out", "The request did not arrive in time, or was given up.", ""},
	"conflict":                     {409, "Conflict", "Something with this identity exists already.", ""},
	"email_taken":                  {409, "Address taken", "There is a user with this address.", ""},
	"email_verified":               {409, "Address verified already", "There is nothing to prove any more.", ""},
	"already_member":               {409, "Already a member", "The person is a member of the organization.", ""},
	"already_invited":              {409, "Already invited", "There is an open invitation for this address. Revoke it first.", ""},
	"quota_exceeded":               {409, "Quota exceeded", "The organization has as much of something as it may: quota says of what, how much, and the limit. Nothing was changed. Delete something, or ask whoever operates the server for more. Of questions_today the status is 429, and Retry-After says when the day ends.", ""},
	"last_owner":                   {409, "Last owner", "An organization keeps at least one OWNER. Make another member OWNER first.", ""},
	"version_active":               {409, "Active version", "The active version is what is read, and cannot be deleted. Activate another one first, or delete the dataset.", ""},
	"version_deleted":              {409, "Version deleted", "The version was deleted. Restore it first.", ""},
	"version_not_deleted":          {409, "Version not deleted", "The version is not deleted: there is nothing to restore, and only what was deleted is purged.", ""},
	"last_way_in":                  {409, "Last way in", "Without this identity the user could not sign in any more: there is no password, and no other one.", ""},
	"invitation_closed":            {409, "Invitation closed", "The invitation was accepted, declined or revoked, and cannot be revoked or sent again. Make a new one.", ""},
	"invitation_accepted":          {409, "Invitation accepted before", "The invitation was accepted. It serves once.", ""},
	"invitation_revoked":           {409, "Invitation revoked", "Whoever may invite has taken the invitation back. Ask for a new one.", ""},
	"invitation_declined":          {409, "Invitation declined", "You have declined the invitation. Ask for a new one.", ""},
	"invitation_expired":           {409, "Invitation expired", "The invitation is more than seven days old. Ask for a new one, or for this one to be sent again.", ""},
	"api_key_ended":                {409, "API key ended", "The key was revoked or rotated, or has expired. A rotated one can still be revoked.", ""},
	"organization_not_deleted":     {409, "Not deleted", "The organization is not deleted: there is nothing to restore.", ""},
	"columns_hidden":               {403, "Not all columns visible", "You do not see all columns of the dataset, so you may not change its columns or its data: what you change could be what you do not see. Ask an OWNER or ADMIN.", ""},
	"column_name_taken":            {409, "Name taken", "Another column has this name, in this or another version of the dataset that has the column.", ""},
	"slug_taken":                   {409, "Slug taken", "Another organization has this slug; a deleted one keeps it until it is purged. Which one is not said.", ""},
	"organization_deleted":         {410, "Organization deleted", "The organization was deleted. For 30 days its OWNERs find it with GET /api/v1/organizations?deleted=true and can restore it.", ""},
	"restoration_over":             {410, "Too late to restore", "The organization was deleted more than 30 days ago. It is purged, or waits for that.", ""},
	"token_invalid":                {410, "Token serves no more", "The token is unknown, was used, or has expired: 24 hours after it was sent, 30 minutes to reset a password. It also serves no more once the account has another address or password. Ask for a new one.", ""},
	"precondition_failed":          {412, "Changed meanwhile", "If-Match names another revision than the current one. Get the object again.", ""},
	"payload_too_large":            {413, "Too large", "The body is larger than this server takes.", ""},
	"unsupported_media_type":       {415, "Unsupported media type", "JSON is expected; for uploads the type of a table, application/gzip, application/zstd, application/octet-stream, or multipart/form-data with a part named file; no Content-Encoding.", ""},
	"invalid":                      {422, "Invalid", "errors says where and why. Values that were sent are never repeated.", ""},
	"password_common":              {422, "Common password", "The password, or the password without the digits at its end, is among the 17,950 that are guessed first. Take another; there are no rules about its characters.", ""},
	"result_too_large":             {422, "Result too large", "The rows of the result are more than 8 MiB. Ask for fewer rows or columns, or for shorter texts.", ""},
	"query_invalid":                {422, "Invalid query", "The query does not fit the columns of the dataset. errors says where and why.", ""},
	"question_not_understood":      {422, "Question not understood", "The built-in reader accounts for every word or refuses. unknown words are in errors.", ""},
	"table_empty":                  {422, "Empty table", "The file has no columns: of CSV and TSV, nothing but blank lines.", ""},
	"nul_character":                {422, "NUL character", "The file has a NUL character, which cannot be stored, or is not text in UTF-8.", ""},
	"record_too_long":              {413, "Record too long", "A record is longer than 1 MiB. In CSV an unclosed quote can be the cause.", ""},
	"too_many_columns":             {422, "Too many columns", "A table has at most 1,000 columns.", ""},
	"column_name_too_long":         {422, "Column name too long", "A column's name has at most 200 characters; of nested objects with the names around it.", ""},
	"unclosed_quote":               {422, "Unclosed quote", "The file ends inside a quoted field. The line is where that field begins.", ""},
	"stray_quote":                  {422, "Stray quote", "There is text between the closing quote of a field and the next delimiter. Double a quote inside a quoted field.", ""},
	"ragged_row":                   {422, "Ragged row", "A record has more values than the header has names, and not all of them are empty.", ""},
	"cells_rejected":               {422, "Values do not fit", "Values do not fit the types that columns gives. errors has the first 1,000 with line or record, column and reason. Mend them, give other types, or say on_reject=null or on_reject=skip.", ""},
	"column_ambiguous":             {422, "Column ambiguous", "A type is given, but the values of the column can be read in two ways: 01/02/2006 by month or by day first, 1,234 as thousands or as a fraction. Say dates or numbers.", ""},
	"unknown_column":               {422, "Unknown column", "columns is about a column that the file does not have, or twice about one.", ""},
	"option_invalid":               {422, "Option not possible", "Two parameters do not go together, such as comment lines that begin with the delimiter, or a word of nulls has more than 64 bytes.", ""},
	"format_contradiction":         {415, "Another format", "The content is not what the media type, the file name, format, compression, encoding or sheet says. Send it with the right one, or with none (application/octet-stream).", ""},
	"format_unsupported":           {415, "Format not read", "The file is of a format, or a variant of one, that is not read. detail says what to send instead.", ""},
	"file_encrypted":               {422, "Encrypted", "The file is protected by a password or key. Save it without.", ""},
	"compression_nested":           {415, "Compressed twice", "The file is compressed twice. Compress it once.", ""},
	"compression_damaged":          {422, "Compression damaged", "The compressed stream is damaged or cut short.", ""},
	"compression_window_too_large": {413, "Window too large", "The zstd stream needs a window of more than 8 MiB. Compress it without --long and --ultra.", ""},
	"compression_ratio_too_high":   {413, "Grows too much", "The file grows to more than 100 times its size when it is read.", ""},
	"expanded_too_large":           {413, "Too large when read", "The file, decompressed or written as CSV, is larger than this server takes.", ""},
	"encoding_invalid":             {422, "Not of its encoding", "The file has bytes that its encoding does not have. Save it as UTF-8, or say encoding.", ""},
	"encoding_mixed":               {422, "Encodings mixed", "Most of the file is UTF-8, and some bytes are not. Mend them, or say encoding.", ""},
	"json_syntax":                  {422, "Not JSON", "The file is not JSON, or is cut short. The column is the character of the line.", ""},
	"json_too_deep":                {422, "JSON too deep", "A record is nested more than 100 levels deep.", ""},
	"json_duplicate_key":           {422, "Key twice", "An object has a key twice.", ""},
	"json_not_records":             {422, "No records", "The file is JSON, but neither objects nor arrays under a header, one after the other or in one array.", ""},
	"parquet_damaged":              {422, "Parquet damaged", "The file breaks the format, or its parts contradict each other.", ""},
	"parquet_page_too_large":       {413, "Page too large", "A page or dictionary of the Parquet file is too large. Write it with smaller pages or row groups.", ""},
	"parquet_value_invalid":        {422, "Value out of range", "A value of the Parquet file is outside the range of its type.", ""},
	"xlsx_damaged":                 {422, "Workbook damaged", "The file is no workbook, or is cut short.", ""},
	"xlsx_too_large":               {413, "Workbook too large", "The workbook is larger than 64 MiB, or has too many parts or too many different texts. Save the sheet as CSV.", ""},
	"xlsx_sheet_not_found":         {422, "No such sheet", "The workbook has no worksheet of that name. detail has the names.", ""},
	"idempotency_key_reused":       {422, "Idempotency key reused", "The Idempotency-Key belongs to an earlier, different request. Use a new one for each thing that is to be made.", ""},
	"upload_incomplete":            {400, "Upload incomplete", "The body ended before the file did. Nothing was stored.", ""},
	"append_other_columns":         {422, "Other columns", "The file has no column of the dataset, neither by its name in the files before nor by its name now. Rename its columns with columns, or replace the dataset's rows.", ""},
	"values_do_not_fit":            {422, "Stored values do not fit", "Values that are stored do not fit the type asked for. errors has the first 1,000 with row, column and reason. Take another type, or change the types with on_reject=null.", ""},
	"import_exists":                {409, "Import exists", "import_id names an import that there is already. Give each upload an id of its own; a request that is repeated with its Idempotency-Key may name the same one once that is not under way any more.", ""},
	"import_cancelled":             {409, "Import cancelled", "The upload was cancelled while it ran. Nothing was stored.", ""},
	"import_finished":              {409, "Import finished", "The import has ended: there is nothing to cancel.", ""},
	"too_many_watchers":            {429, "Too many watchers", "As many imports of this organization are being watched as may be at a time. Get the import now and then instead.", "10"},
	"upload_no_file":               {422, "No file", "The multipart body has no part named file.", ""},
	"upload_no_name":               {422, "No name", "Give the dataset a name: ?name=…, or a file name in the multipart body.", ""},
	"rate_limited":                 {429, "Too many attempts", "Too many attempts failed, for this account or from your address (wrong API keys are such), or an address has got many mails. Retry-After says in how many seconds the next one is looked at; each that fails then doubles the wait, up to a quarter of an hour. The RateLimit headers tell it before it comes to that.", ""},
	"internal":                     {500, "Internal error", "A fault of this server. It is in the server's log under the X-Request-Id of the answer.", ""},
	"unavailable":                  {503, "Unavailable", "The database does not answer at the moment. Whether a change was made just before is not known: repeat it with the same Idempotency-Key.", "1"},
	"issuer_unavailable":           {503, "Issuer unavailable", "The OpenID Connect issuer does not answer, or not as it should; the server's log says how. It is asked again after 10 seconds.", "10"},
	"busy":                         {503, "Busy", "Too many queries and uploads of this organization, or of all, are running, or too many logins or mails are waiting. Nothing was changed.", "1"},
	"retry":                        {503, "Try again", "Another transaction was in the way. Nothing was changed.", "1"},
	"timeout":                      {504, "Took too long", "The request took longer than this server allows. Whether a change was made at the last moment is not known: repeat it with the same Idempotency-Key.", ""},
}

// errorsMarkdown is docs/errors.md.
func errorsMarkdown() string {
	var b strings.Builder
	b.WriteString("# Errors\n\n" +
		"Every error is a problem document (RFC 9457, `application/problem+json`) with a stable `code`; its `type` leads here.\n" +
		"Generated from `api/problem_kinds.go` by `go generate`.\n")
	codes := slices.SortedFunc(maps.Keys(problemKinds), func(a, b string) int {
		if d := problemKinds[a].status - problemKinds[b].status; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for _, code := range codes {
		kind := problemKinds[code]
		fmt.Fprintf(&b, "\n## %s\n\n%d %s. %s\n", code, kind.status, kind.title, kind.meaning)
	}
	return b.String()
}
