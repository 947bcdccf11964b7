package api

import (
	"cmp"
	"net/url"
	"strings"
	"unicode"
)

// attachment is a Content-Disposition (RFC 6266) for a file that is called as something of a client's: with the name in UTF-8,
// and in ASCII for those that do not read the former.
func attachment(name, extension string) string {
	name = fileName(name) + extension
	ascii := strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII {
			return '_'
		}
		return r
	}, name)
	if ascii == name {
		return `attachment; filename="` + name + `"`
	}
	return `attachment; filename="` + ascii + `"; filename*=UTF-8''` + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}

// maxFileName in bytes, without an extension: file systems take 255.
const maxFileName = 200

// fileName is name without what is a path, a header, a quote or a parameter to somebody, and without what is not seen.
func fileName(name string) string {
	name = strings.ToValidUTF8(name, "_")
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.In(r, unicode.Cf):
			return -1
		case unicode.IsControl(r), strings.ContainsRune(`/\:*?"<>|;%`, r):
			return '_'
		}
		return r
	}, name)
	for len(name) > maxFileName {
		name = strings.ToValidUTF8(name[:maxFileName], "")
	}
	return cmp.Or(strings.Trim(name, " ."), "dataset")
}
