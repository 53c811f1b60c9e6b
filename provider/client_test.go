package provider

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// TestCheckClient is CA7, CO5 and the rules for redirect URIs.
func TestCheckClient(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*Client)
		want  string // the field at fault; empty: none
	}{
		"fine":                         {func(*Client) {}, ""},
		"public":                       {func(c *Client) { c.Secrets = nil }, ""},
		"all that is allowed":          {func(c *Client) { c.RefreshIdle, c.RefreshMax, c.IDTokenLife = time.Hour, time.Hour, 24*time.Hour }, ""},
		"native":                       {func(c *Client) { c.RedirectURIs = []string{"com.example.app:/callback", "http://127.0.0.1/cb"} }, ""},
		"foreign id":                   {func(c *Client) { c.ID = "notes" }, "client_id"},
		"id with a blank":              {func(c *Client) { c.ID = "mc_a b" }, "client_id"},
		"no name":                      {func(c *Client) { c.Name = "" }, "client_name"},
		"name with bidi":               {func(c *Client) { c.Name = "Notes\u202e" }, "client_name"},
		"short hash":                   {func(c *Client) { c.Secrets = []ClientSecret{{Hash: []byte("x")}} }, "secrets"},
		"http redirect":                {func(c *Client) { c.RedirectURIs = []string{"http://notes.example/cb"} }, "redirect_uris"},
		"redirect with a fragment":     {func(c *Client) { c.RedirectURIs = []string{"https://notes.example/#x"} }, "redirect_uris"},
		"wildcard redirect":            {func(c *Client) { c.RedirectURIs = []string{"https://*.example/cb"} }, "redirect_uris"},
		"code without redirect":        {func(c *Client) { c.RedirectURIs = nil }, "redirect_uris"},
		"redirect without code":        {func(c *Client) { c.GrantTypes = []string{"client_credentials"} }, "redirect_uris"},
		"private post-logout":          {func(c *Client) { c.PostLogoutRedirectURIs = []string{"com.example.app:/bye"} }, "post_logout_redirect_uris"},
		"no grant":                     {func(c *Client) { c.GrantTypes, c.RedirectURIs = nil, nil }, "grant_types"},
		"unknown grant":                {func(c *Client) { c.GrantTypes = append(c.GrantTypes, "password") }, "grant_types"},
		"refresh alone":                {func(c *Client) { c.GrantTypes, c.RedirectURIs = []string{"refresh_token"}, nil }, "grant_types"},
		"public and credentials":       {func(c *Client) { c.Secrets, c.GrantTypes = nil, append(c.GrantTypes, "client_credentials") }, "grant_types"},
		"public without PKCE":          {func(c *Client) { c.Secrets, c.PKCEExempt = nil, true }, "pkce_exempt"},
		"confidential without PKCE":    {func(c *Client) { c.PKCEExempt = true }, ""},
		"public API":                   {func(c *Client) { c.Secrets, c.Audiences = nil, []string{"https://api.example"} }, "audiences"},
		"API with a blank":             {func(c *Client) { c.Audiences = []string{"an api"} }, "audiences"},
		"unknown scope":                {func(c *Client) { c.Scopes = []string{"everything"} }, "scopes"},
		"app id":                       {func(c *Client) { c.AppIDs = []string{"a b"} }, "app_ids"},
		"refresh idle too short":       {func(c *Client) { c.RefreshIdle = time.Second }, "refresh_idle"},
		"refresh idle beyond the max":  {func(c *Client) { c.RefreshIdle, c.RefreshMax = 2*time.Hour, time.Hour }, "refresh_idle"},
		"refresh max too long":         {func(c *Client) { c.RefreshMax = 366 * 24 * time.Hour }, "refresh_max"},
		"ID token life too short":      {func(c *Client) { c.IDTokenLife = 5*time.Minute - time.Second }, "id_token_life"},
		"ID token life too long":       {func(c *Client) { c.IDTokenLife = 24*time.Hour + time.Second }, "id_token_life"},
		"ID token life in half second": {func(c *Client) { c.IDTokenLife = time.Hour + time.Second/2 }, "id_token_life"},
		"none":                         {func(c *Client) { c.IDTokenAlg = "none" }, "id_token_signed_response_alg"},
		"HMAC":                         {func(c *Client) { c.IDTokenAlg = "HS256" }, "id_token_signed_response_alg"},
		"EdDSA":                        {func(c *Client) { c.IDTokenAlg = "EdDSA" }, ""},
	} {
		client := Client{
			ID: "mc_notes", Name: "Notes", Secrets: []ClientSecret{{Hash: make([]byte, 32)}},
			RedirectURIs: []string{"https://notes.example/cb"}, GrantTypes: []string{"authorization_code"}, Scopes: []string{"openid"},
		}
		c.spoil(&client)
		err := client.Check()
		var faults ClientFaults
		errors.As(err, &faults)
		at := func(f ClientFault) bool { return f.Field == c.want }
		if (err == nil) != (c.want == "") || c.want != "" && !slices.ContainsFunc(faults, at) || len(faults) > 1 {
			t.Errorf("%s: got %v, want %q alone", name, err, c.want)
		}
	}
}

func TestCompleteClient(t *testing.T) {
	t.Parallel()
	got, err := Client{
		ID: "mc_notes", Name: "Notes", RedirectURIs: []string{"https://notes.example/cb"}, AppIDs: []string{},
		Scopes: []string{"email", "openid", "email"},
	}.Complete()
	if err != nil || got.AppIDs != nil || !slices.Equal(got.Scopes, []string{"openid", "email"}) ||
		!slices.Equal(got.GrantTypes, []string{"authorization_code", "refresh_token"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	var faults ClientFaults
	if _, err := (Client{}).Complete(); !errors.As(err, &faults) || len(faults) != 3 {
		t.Errorf("got %v, want faults of id, name and redirect URIs together", err)
	}
}
