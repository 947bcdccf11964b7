package password

import (
	"crypto/sha256"
	_ "embed"
	"sort"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// common are the first 8 bytes of the SHA-256 of each of 17,950 passwords, sorted: all of at least 8 characters in the
// list that zxcvbn-ts counts together from published leaks (npm @zxcvbn-ts/language-common 4.1.3, src/passwords.json, MIT:
// common.LICENSE). Hashes need no unpacking, no memory, and spare the reader what people call their passwords. It is made
// by:
//
//	npm pack @zxcvbn-ts/language-common@4.1.3 && tar xf zxcvbn-ts-language-common-4.1.3.tgz
//	go run api/password/common_generate.go <package/src/passwords.json >api/password/common.sha256
//
//go:embed common.sha256
var common string

const prefixLen = 8

// Common reports whether so many people use the password that it will be among the first to be guessed: it is in the list,
// whatever its case and way of writing, or would be without digits at its end.
func Common(password string) bool {
	p := cases.Fold().String(norm.NFKC.String(password))
	return listed(p) || listed(strings.TrimRight(p, "0123456789"))
}

func listed(password string) bool {
	sum := sha256.Sum256([]byte(password))
	_, found := sort.Find(len(common)/prefixLen, func(i int) int {
		return strings.Compare(string(sum[:prefixLen]), common[i*prefixLen:][:prefixLen])
	})
	return found
}
