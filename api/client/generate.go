// Package client is a client of the API, generated from docs/openapi-3.0.json.
//
//	c, err := client.New("http://127.0.0.1:8000", client.WithToken(accessToken))
//	answer, err := c.QueryDatasetWithResponse(ctx, org, dataset, client.Specification{…})
//	// err is a *client.Problem where the server refused; else answer.JSON200 is set.
//
// The headers of an answer (ETag, Link, Location) are in its HTTPResponse.
package client

//go:generate go run -C ../.. . generate
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -config oapi-codegen.yaml ../../docs/openapi-3.0.json
