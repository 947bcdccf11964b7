package demo

import (
	"context"
	"crypto/rand"
	"strings"

	openapi "github.com/oapi-codegen/runtime/types"

	"github.com/insightforge/insightforge/api/client"
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
	c, err := client.New(d.url, client.WithToken(signedIn.AccessToken))
	d.say("   %s <%s>", signedIn.User.FullName, signedIn.User.Email)
	return person{c, signedIn.User}, err
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
	if _, err := d.viewer.QueryDatasetWithResponse(ctx, d.organization.ID, d.dataset.ID, d.plan.overall()); err != nil {
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
