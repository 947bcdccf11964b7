package api

import "github.com/insightforge/insightforge/api/password"

// checkPassword refuses a new password that many people use. What else it is made of is nobody's business: its length is
// checked with the rest of the body.
func checkPassword(p string) error {
	if password.Common(p) {
		return refuse("password_common", "", Fault{Location: "body.password", Code: "password_common", Message: "too many people use it"})
	}
	return nil
}
