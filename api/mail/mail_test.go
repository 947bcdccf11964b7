package mail_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/insightforge/insightforge/api/mail"
	"github.com/insightforge/insightforge/api/mail/mailtest"
)

const from = "InsightForge <noreply@example.com>"

var hello = mail.Message{To: "ada@example.com", Subject: "Grüße", Text: "Dear Ada,\n\nit is done: " + strings.Repeat("é", 100) + "\n.\n\nifv_token\n"}

// smtp sends through s as it is reached by url.
func smtp(t *testing.T, s *mailtest.Server, url string) *mail.SMTP {
	t.Helper()
	sender, err := mail.NewSMTP(url, from, s.Roots)
	require.NoError(t, err)
	return sender
}

func TestAMailArrivesAsItWasWritten(t *testing.T) {
	t.Parallel()
	for scheme, implicit := range map[string]bool{"smtp": false, "smtps": true} {
		s := mailtest.Serve(t, implicit)
		require.NoError(t, smtp(t, s, s.URL(scheme)).Send(t.Context(), hello))
		m := s.Next(t)
		require.Equal(t, "noreply@example.com", m.From)
		require.Equal(t, hello.To, m.To)
		require.Equal(t, hello.Subject, m.Subject)
		require.Equal(t, strings.TrimSpace(hello.Text), strings.TrimSpace(m.Text))
		require.Equal(t, "text/plain; charset=UTF-8", m.Header.Get("Content-Type"))
		require.Regexp(t, "^<[A-Z2-7]{26}@example.com>$", m.Header.Get("Message-ID"))
		require.NotContains(t, m.Raw, "go-mail")
		require.Equal(t, "auto-generated", m.Header.Get("Auto-Submitted"))
	}
}

func TestWithoutTLSNothingIsSentUnlessTheURLSaysSo(t *testing.T) {
	t.Parallel()
	s := mailtest.Serve(t, false, mailtest.Plain)
	require.ErrorContains(t, smtp(t, s, "smtp://"+s.Addr).Send(t.Context(), hello), "STARTTLS")
	require.Error(t, smtp(t, s, s.URL("smtp")).Send(t.Context(), hello))
	require.Empty(t, s.Mails)
	require.NoError(t, smtp(t, s, "smtp://"+s.Addr+"?tls=off").Send(t.Context(), hello))
	require.Equal(t, hello.To, s.Next(t).To)
}

func TestAServerThatIsNotWhoItSaysGetsNoPassword(t *testing.T) {
	t.Parallel()
	for scheme, implicit := range map[string]bool{"smtp": false, "smtps": true} {
		s := mailtest.Serve(t, implicit)
		stranger, err := mail.NewSMTP(s.URL(scheme), from, nil) // the system's roots do not know its certificate
		require.NoError(t, err)
		require.ErrorContains(t, stranger.Send(t.Context(), hello), "certificate")
		require.Empty(t, s.Mails)
	}
}

func TestRefusalsOfTheServerAreForGoodOrNot(t *testing.T) {
	t.Parallel()
	s := mailtest.Serve(t, false)
	sender := smtp(t, s, s.URL("smtp"))
	s.Refuse(450, 550)
	require.False(t, mail.Permanent(sender.Send(t.Context(), hello)))
	require.True(t, mail.Permanent(sender.Send(t.Context(), hello)))
	require.True(t, mail.Permanent(smtp(t, s, strings.Replace(s.URL("smtp"), "insightforge:", "mallory:", 1)).Send(t.Context(), hello)), "a wrong password")
	nobody, err := mail.NewSMTP("smtp://127.0.0.1:1", from, nil)
	require.NoError(t, err)
	require.False(t, mail.Permanent(nobody.Send(t.Context(), hello)), "nothing listens")
}

// TestNoHeaderIsInjected, whatever is in an address or a subject: a mail goes to its address only, with our headers.
func TestNoHeaderIsInjected(t *testing.T) {
	t.Parallel()
	s := mailtest.Serve(t, false)
	sender := smtp(t, s, s.URL("smtp"))
	for _, to := range []string{
		"ada@example.com\r\nBcc: eve@example.com", "ada@example.com\nBcc: eve@example.com", "eve@example.com, ada@example.com", "Ada <ada@example.com>",
		"<ada@example.com>", "ada(eve)@example.com", "ada\t@example.com", `"ada"@example.com`, "ada@[127.0.0.1]", "ada@example.com\x00", "ada", "@", "", "a b@example.com",
	} {
		require.False(t, mail.Deliverable(to), "%q", to)
		err := sender.Send(t.Context(), mail.Message{To: to, Subject: "x", Text: "x"})
		require.True(t, mail.Permanent(err), "%q: %v", to, err)
	}
	require.Empty(t, s.Mails)
	require.NoError(t, sender.Send(t.Context(), mail.Message{To: "ada@example.com", Subject: "Hello\r\nBcc: eve@example.com\r\n\r\nbody", Text: "x"}))
	m := s.Next(t)
	require.Empty(t, m.Header.Get("Bcc"))
	require.Equal(t, "HelloBcc: eve@example.combody", m.Subject)
	require.NotContains(t, mail.Line("a\x1b[31mred\u202e\r\nb"), "\x1b")
	require.Len(t, []rune(mail.Line(strings.Repeat("é", 1000))), 100)
}

func TestAnUnreadableURLIsNotRepeated(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"SECRET", "http://a:SECRET@host", "smtp://a:SECRET@", "smtp://a:SECRET@host:x", "smtp://a:SECRET@host:0", "smtp://a:SECRET@host:70000", "smtp://SECRET@host",
		"smtp://a:SECRET@host/path", "smtp://a:SECRET@host?tls=no", "smtp://a:SECRET@host?tls=off", "smtps://host?tls=off", "smtp://a:SECRET%@host", "smtp://:SECRET@host", "smtp:a:SECRET",
	} {
		_, err := mail.NewSMTP(url, from, nil)
		require.ErrorContains(t, err, "SMTP_URL", url)
		require.NotContains(t, err.Error(), "SECRET")
	}
	_, err := mail.NewSMTP("smtp://host", "nobody", nil)
	require.ErrorContains(t, err, "MAIL_FROM")
}

func TestWithoutAServerAMailIsAFileAndInTheLog(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mail")
	var log strings.Builder
	files := mail.Files{Dir: dir, Log: &log}
	require.NoError(t, files.Send(t.Context(), hello))
	require.NoError(t, files.Send(t.Context(), mail.Message{To: "../../etc/passwd@example.com", Subject: "x", Text: "x"}))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2)
	require.Regexp(t, `^\d{8}T\d{6}\.\d{9}Z-ada@example\.com\.txt$`, entries[0].Name())
	text, err := os.ReadFile(filepath.Join(dir, entries[0].Name()))
	require.NoError(t, err)
	require.Equal(t, "To: ada@example.com\nSubject: Grüße\n\n"+hello.Text+"\n", string(text))
	require.Contains(t, log.String(), string(text))
	info, err := entries[0].Info()
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	directory, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), directory.Mode().Perm())
}

// made is what a queue is given.
func made(messages ...mail.Message) func(context.Context) ([]mail.Message, error) {
	return func(context.Context) ([]mail.Message, error) { return messages, nil }
}
