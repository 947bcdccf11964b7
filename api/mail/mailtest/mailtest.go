// Package mailtest is a real SMTP server for tests.
package mailtest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Credentials that the server takes.
const User, Password = "insightforge", "s3cret/of:mail"

// Mail is what arrived.
type Mail struct {
	From, To string // of the envelope
	Header   mail.Header
	Subject  string // decoded
	Text     string // decoded, lines end in \n
	Raw      string
}

// Server is an SMTP server that keeps what it gets. It offers STARTTLS, and takes mail only from who has logged in.
type Server struct {
	Addr  string
	Roots *x509.CertPool // of whoever is to believe its certificate
	Mails chan Mail

	mu     sync.Mutex
	refuse []*smtp.SMTPError // the next recipients
}

// Option changes a server before it serves.
type Option func(*smtp.Server, *Server)

// Plain offers no TLS, and asks for no login.
func Plain(s *smtp.Server, _ *Server) { s.TLSConfig = nil }

// Serve starts a server, which ends with the test. implicit: TLS from the first byte.
func Serve(t testing.TB, implicit bool, options ...Option) *Server {
	t.Helper()
	certificate, pool := certificate(t)
	s := &Server{Mails: make(chan Mail, 1000), Roots: pool}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{server: s, conn: c}, nil }))
	server.Domain, server.TLSConfig = "localhost", &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.ErrorLog = log.New(io.Discard, "", 0)
	for _, option := range options {
		option(server, s)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Addr = listener.Addr().String()
	if implicit {
		listener = tls.NewListener(listener, server.TLSConfig)
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return s
}

// Refuse answers the next recipients with these codes, one each.
func (s *Server) Refuse(codes ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, code := range codes {
		s.refuse = append(s.refuse, &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: "not now, ifv_repeated"})
	}
}

// URL is how it is reached by who may send.
func (s *Server) URL(scheme string) string {
	u := url.URL{Scheme: scheme, User: url.UserPassword(User, Password), Host: s.Addr}
	return u.String()
}

// Next is the next mail.
func (s *Server) Next(t testing.TB) Mail {
	t.Helper()
	select {
	case m := <-s.Mails:
		return m
	case <-time.After(10 * time.Second):
		t.Fatal("no mail came")
		return Mail{}
	}
}

// Discard takes what arrives until the process ends: a server waits where nobody takes its mails.
func (s *Server) Discard() {
	for range s.Mails {
		continue
	}
}

type session struct {
	server   *Server
	conn     *smtp.Conn
	loggedIn bool
	mail     Mail
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != User || password != Password {
			return smtp.ErrAuthFailed
		}
		s.loggedIn = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.loggedIn && s.conn.Server().TLSConfig != nil {
		return smtp.ErrAuthRequired
	}
	s.mail = Mail{From: from}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if refuse := s.server.refuse; len(refuse) > 0 {
		s.server.refuse = refuse[1:]
		return refuse[0]
	}
	s.mail.To = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m := s.mail
	m.Raw = string(raw)
	parsed, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	text, err := io.ReadAll(quotedprintable.NewReader(parsed.Body))
	if err != nil {
		return err
	}
	m.Header, m.Text = parsed.Header, string(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
	m.Subject, _ = new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
	s.server.Mails <- m
	return nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

// certificate is of localhost, signed by itself.
func certificate(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
