package api

import (
	"context"
	"fmt"

	"github.com/insightforge/insightforge/api/mail"
)

// Mails are how the server writes to people.
type Mails struct {
	Queue   *mail.Queue
	URL     string // of the web application, for links; empty: a mail says where its token goes
	Proving bool   // nobody is a user before their address is proved. Where mail is not really sent nobody could be one
}

// messages makes mails, in the background.
type messages func(context.Context) ([]mail.Message, error)

// mail has a mail to an address made and sent after the answer, so that neither what is answered nor when tells whether there
// was one. Too many for that address, or for this server: an error, which does not depend on who has the address.
func (s *Server) mail(ctx context.Context, to string, make messages) error {
	if err := s.reserveMail(ctx, to); err != nil {
		return err
	}
	s.putMail(ctx, make)
	return nil
}

// reserveMail takes a place for a mail that depends on something else: putMail or releaseMail has to follow.
func (s *Server) reserveMail(ctx context.Context, to string) error {
	if err := ofRecipient(ctx, to); err != nil {
		return err
	}
	if !s.mails.Queue.Reserve() {
		return refuse("busy", "")
	}
	return nil
}

func (s *Server) putMail(ctx context.Context, make messages) {
	ctx.Value(attemptKey{}).(*attempt).mailed = true
	s.mails.Queue.Put(make)
}

func (s *Server) releaseMail() { s.mails.Queue.Release() }

// checkAddress refuses an address that mail cannot be sent to as it is written: two of them could be one mailbox.
func checkAddress(email, location string) error {
	if mail.Deliverable(email) {
		return nil
	}
	return refuse("invalid", "", Fault{Location: location, Code: "email_undeliverable", Message: "mail cannot be sent to it: expected name@host"})
}

// use says where a token goes. In a link it stands behind #: browsers keep that from servers and from the Referer header.
func (m Mails) use(page, operation, token string) string {
	if m.URL != "" {
		return fmt.Sprintf("    %s/%s#token=%s\n\nThe token, where it is asked for:\n\n    %s\n", m.URL, page, token, token)
	}
	return fmt.Sprintf("    %s\n\nIt is used with POST /api/v1/%s.\n", token, operation)
}

const ignore = "\nIf it was not you, ignore this mail: without the token nothing happens.\n"

func (m Mails) registration(to, token string) mail.Message {
	return mail.Message{To: to, Subject: "Confirm your address", Text: "Somebody, perhaps you, has signed up to InsightForge with this address. To complete it, use this token within 24 hours,\n" +
		"with the password that was chosen:\n\n" + m.use("verify-email", "auth/verify-email", token) + ignore}
}

func (m Mails) account(to string) mail.Message {
	return mail.Message{To: to, Subject: "You have an account", Text: "Somebody, perhaps you, has signed up to InsightForge with this address, which has an account already. Log in;\n" +
		"if you have forgotten the password, ask for a new one. Nothing has changed.\n"}
}

func (m Mails) verification(to, token string) mail.Message {
	return mail.Message{To: to, Subject: "Confirm your address", Text: "To show that this address of your InsightForge account is yours, use this token within 24 hours:\n\n" +
		m.use("verify-email", "auth/verify-email", token) + ignore}
}

func (m Mails) passwordReset(to, token string) mail.Message {
	return mail.Message{To: to, Subject: "Choose a new password", Text: "Somebody, perhaps you, has asked for a new password of your InsightForge account. To choose one, use this token within\n" +
		"30 minutes:\n\n" + m.use("reset-password", "auth/password-reset/confirm", token) + ignore}
}

func (m Mails) emailChange(to, token string) mail.Message {
	return mail.Message{To: to, Subject: "Confirm your new address", Text: "Somebody, perhaps you, wants to use this address for their InsightForge account. To do so, use this token within 24 hours:\n\n" +
		m.use("verify-email", "auth/verify-email", token) + ignore}
}

func (m Mails) emailChangeTaken(to string) mail.Message {
	return mail.Message{To: to, Subject: "You have an account", Text: "Somebody, perhaps you, wants to use this address for another InsightForge account. It has one already. Nothing has changed.\n"}
}

// emailChangeNotice goes to the address before, and is the same whether the new one is free or not.
func (m Mails) emailChangeNotice(to, newEmail string) mail.Message {
	return mail.Message{To: to, Subject: "Your address is to change", Text: fmt.Sprintf("With your password somebody, perhaps you, has asked to change the address of your InsightForge account to %s.\n"+
		"It changes when that is confirmed by a mail that we have sent there.\n\nIf it was not you, change your password: the token in that mail then serves no more.\n", mail.Line(newEmail))}
}

// invitation has names that others chose, each as a part of a line.
func (m Mails) invitation(to, inviter, organization string, role Role, token string) mail.Message {
	return mail.Message{To: to, Subject: "An invitation to " + mail.Line(organization), Text: fmt.Sprintf("%q invites you to %q as %s. To join, create an InsightForge account with this address first,\n"+
		"then use this token within seven days:\n\n%s%s", mail.Line(inviter), mail.Line(organization), role, m.use("accept-invitation", "invitations/accept", token), ignore)}
}
