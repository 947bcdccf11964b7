package demo

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/insightforge/insightforge/api/client"
	"github.com/insightforge/insightforge/api/mail"
)

const password = "correct horse battery"

// newPerson signs somebody up under an address that nobody has yet.
func (d *demo) newPerson(ctx context.Context, name string) (person, error) {
	anybody, err := client.New(d.url)
	if err != nil {
		return person{}, err
	}
	email := strings.ToLower(strings.Fields(name)[0] + "-" + rand.Text()[:8] + "@example.com")
	answer, err := anybody.RegisterWithResponse(ctx, client.Registration{Email: openapi.Email(email), FullName: name, Password: password})
	if err != nil {
		return person{}, err
	}
	signedIn := answer.JSON201
	if signedIn == nil {
		return person{}, fmt.Errorf("%s sends its mail by SMTP, and a sign-up goes on with the token in it, which a demo cannot read: play it on a server without SMTP_URL", d.url)
	}
	if err := d.verify(ctx, anybody, email); err != nil {
		return person{}, err
	}
	c, err := client.New(d.url, client.WithToken(signedIn.AccessToken))
	d.say("   %s <%s>", signedIn.User.FullName, signedIn.User.Email)
	return person{c, signedIn.User}, err
}

// verify takes the token from the mail that a server without SMTP_URL writes into a file.
func (d *demo) verify(ctx context.Context, anybody *client.ClientWithResponses, email string) error {
	text, err := d.mailTo(ctx, email)
	if err != nil {
		return err
	}
	_, err = anybody.VerifyEmailWithResponse(ctx, client.EmailVerification{Token: verificationToken.FindString(text), Password: password})
	return err
}

var verificationToken = regexp.MustCompile(`ifv_[\w-]+`)

// mailTo waits for it: mail goes out after the answer.
func (d *demo) mailTo(ctx context.Context, email string) (string, error) {
	for range 100 {
		files, err := filepath.Glob(filepath.Join(d.mail, "*-"+mail.FileName(email)+".txt"))
		if err != nil {
			return "", err
		}
		if len(files) > 0 {
			text, err := os.ReadFile(files[0])
			return string(text), err
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return "", fmt.Errorf("no mail to %s in %s: run the demo on the server's machine, in the same directory or with the same DATA_DIR", email, d.mail)
}

func (d *demo) signUp(ctx context.Context) (err error) {
	if d.owner, err = d.newPerson(ctx, "Olga Owner"); err != nil {
		return err
	}
	d.viewer, err = d.newPerson(ctx, "Vera Viewer")
	return err
}

func (d *demo) createOrganization(ctx context.Context) error {
	answer, err := d.owner.CreateOrganizationWithResponse(ctx, nil, client.OrganizationName{Name: "Demo " + rand.Text()[:6]})
	if err != nil {
		return err
	}
	d.organization = *answer.JSON201
	d.say("   %s, id %s; %s is its %s", d.organization.Name, d.organization.ID, d.owner.user.FullName, d.organization.Role)
	return nil
}

func (d *demo) invite(ctx context.Context) error {
	invited, err := d.owner.CreateInvitationWithResponse(ctx, d.organization.ID, client.NewInvitation{Email: d.viewer.user.Email, Role: client.VIEWER})
	if err != nil {
		return err
	}
	joined, err := d.viewer.AcceptInvitationWithResponse(ctx, client.InvitationToken{Token: invited.JSON201.Token})
	if err != nil {
		return err
	}
	d.say("   %s is %s of %s", d.viewer.user.FullName, joined.JSON200.Role, joined.JSON200.Name)
	return nil
}

func (d *demo) refuseViewer(ctx context.Context) error {
	if _, err := d.viewer.QueryDatasetWithResponse(ctx, d.organization.ID, d.dataset.ID, nil, d.plan.overall()); err != nil {
		return err
	}
	d.say("   %s queries: 200", d.viewer.user.FullName)
	d.say("   %s uploads:", d.viewer.user.FullName)
	return d.refusedWith(403, d.send(ctx, d.viewer, "not allowed", strings.NewReader("a\n1\n")))
}

func (d *demo) refuseStranger(ctx context.Context) error {
	stranger, err := d.newPerson(ctx, "Stan Stranger")
	if err != nil {
		return err
	}
	_, err = stranger.GetDatasetWithResponse(ctx, d.organization.ID, d.dataset.ID)
	return d.refusedWith(404, err)
}
