// Package mail sends plain text: through an SMTP server, or, where none is configured, into files and the log.
package mail

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"
)

// Message is one mail to one address. Subject and Text are ours: what others wrote goes through [Line] first.
type Message struct {
	To      string // as it is stored: nothing but local part, @ and domain
	Subject string
	Text    string
}

// Sender sends a message, or says why not. Whether it is worth trying again: [Permanent].
type Sender interface {
	Send(context.Context, Message) error
}

// Line is text of others as part of one line: at most 100 characters, and none that a terminal or a header obeys.
func Line(text string) string {
	runes := []rune(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "")))
	return string(runes[:min(len(runes), 100)])
}

// Deliverable reports whether mail to the address reaches that address: it is read as what it says, without comments,
// quotes or names, and not as a number of a machine.
func Deliverable(address string) bool {
	parsed, err := mail.ParseAddress(address)
	return err == nil && parsed.Address == address && parsed.Name == "" && !strings.ContainsAny(address, "\"<>()[]\\,;: \t\r\n") && Line(address) != ""
}

// SMTP is a server that takes mail. Each mail is a connection of its own.
type SMTP struct {
	from   string
	host   string
	client []gomail.Option
}

// sendTimeout bounds the conversation with the server.
const sendTimeout = 30 * time.Second

// NewSMTP sends as from through the server of url: smtp://user:password@host:587, which must offer STARTTLS unless
// ?tls=off says that the network is trusted, or smtps://user:password@host:465. roots are those that its certificate is
// checked with; nil: the system's. No error repeats a password.
func NewSMTP(url, from string, roots *x509.CertPool) (*SMTP, error) {
	u, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	if _, err := mail.ParseAddress(from); err != nil {
		return nil, errors.New("MAIL_FROM is the address that mail comes from: it looks like InsightForge <noreply@example.com>")
	}
	options := []gomail.Option{gomail.WithTimeout(sendTimeout), gomail.WithPort(u.port), gomail.WithTLSPolicy(u.policy),
		gomail.WithTLSConfig(&tls.Config{ServerName: u.host, MinVersion: tls.VersionTLS12, RootCAs: roots}), gomail.WithoutNoop()}
	if u.implicit {
		options = append(options, gomail.WithSSL())
	}
	if u.user != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(u.user), gomail.WithPassword(u.password))
	}
	if _, err := gomail.NewClient(u.host, options...); err != nil {
		return nil, errURL
	}
	return &SMTP{from, u.host, options}, nil
}

// Send sends.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	message, err := s.message(m)
	if err != nil {
		return &permanentError{err}
	}
	client, err := gomail.NewClient(s.host, s.client...)
	if err != nil {
		return err
	}
	err = client.DialAndSendWithContext(ctx, message)
	if message.IsDelivered() { // the server has it, whatever it said of the connection afterwards
		return nil
	}
	return err
}

func (s *SMTP) message(m Message) (*gomail.Msg, error) {
	if !Deliverable(m.To) {
		return nil, errors.New("not an address that mail can be sent to")
	}
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := message.From(s.from); err != nil {
		return nil, err
	}
	if err := message.To(m.To); err != nil {
		return nil, err
	}
	message.Subject(Line(m.Subject))
	message.SetDate()
	_, domain, _ := strings.Cut(message.GetFrom()[0].Address, "@")
	message.SetMessageIDWithValue(rand.Text() + "@" + domain) // go-mail's has the machine's name
	message.SetGenHeader("Auto-Submitted", "auto-generated")  // RFC 3834: no vacation answers
	message.SetBodyString(gomail.TypeTextPlain, m.Text)
	return message, nil
}

type permanentError struct{ error }

// Permanent reports whether trying again is in vain: the server has refused for good (5xx), or the message is none.
func Permanent(err error) bool {
	var own *permanentError
	var send *gomail.SendError
	var reply *textproto.Error
	switch {
	case errors.As(err, &own):
		return true
	case errors.As(err, &send):
		return send.ErrorCode() >= 500
	case errors.As(err, &reply): // of the greeting, or of the login
		return reply.Code >= 500
	}
	return false
}

// readable is a message as a person reads it.
func (m Message) readable() string {
	return fmt.Sprintf("To: %s\nSubject: %s\n\n%s\n", Line(m.To), Line(m.Subject), m.Text)
}
