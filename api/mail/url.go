package mail

import (
	"errors"
	"net/url"
	"strconv"

	gomail "github.com/wneessen/go-mail"
)

// errURL says what is expected and repeats nothing: there is a password in it.
var errURL = errors.New("SMTP_URL cannot be read: it looks like smtp://user:password@host:587, smtps://user:password@host:465, or smtp://host:25?tls=off")

// server is what an SMTP_URL says.
type server struct {
	host           string
	port           int
	user, password string
	implicit       bool // TLS from the first byte
	policy         gomail.TLSPolicy
}

func parseURL(text string) (s server, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Opaque != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" {
		return s, errURL
	}
	s.host, s.user, s.policy = u.Hostname(), u.User.Username(), gomail.TLSMandatory
	switch u.Scheme {
	case "smtp":
		s.port = 587
	case "smtps":
		s.port, s.implicit = 465, true
	default:
		return s, errURL
	}
	if u.Port() != "" {
		if s.port, err = strconv.Atoi(u.Port()); err != nil || s.port < 1 || s.port > 65535 {
			return s, errURL
		}
	}
	if password, ok := u.User.Password(); ok != (s.user != "") {
		return s, errURL
	} else {
		s.password = password
	}
	switch {
	case u.RawQuery == "":
	case u.RawQuery != "tls=off" || s.implicit:
		return s, errURL
	case s.user != "":
		return s, errors.New("SMTP_URL has a password and tls=off, which would send it in the clear")
	default:
		s.policy = gomail.NoTLS
	}
	return s, nil
}
