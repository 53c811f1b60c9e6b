package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mana/provider/identity"
)

// ClientAdmin changes clients on the word of an actor. Every change is in the security log.
type ClientAdmin struct {
	Store Clients
	By    identity.Actor
	Now   func() time.Time
	// Operator says that whoever owns the program acts, who alone gives the scopes of the administration API.
	Operator bool
	// May is asked of a stored client in the transaction of its change, unless it is nil; its error refuses.
	May func(Client) error
}

// Register checks and stores a new client under a new id, and gives its secret, which is shown once and
// never again; it is empty for a public client. [ClientFaults].
func (a ClientAdmin) Register(ctx context.Context, c Client, public bool) (Client, identity.Secret, error) {
	c.ID, c.CreatedAt = newClientID(), a.Now().UTC().Truncate(time.Microsecond)
	var secret identity.Secret
	if !public {
		secret = identity.NewSecret()
		c.Secrets = []ClientSecret{{Hash: secret.Hash()}}
	}
	c, err := c.Complete()
	if err == nil {
		err = a.keepAdmin(Client{}, &c)
	}
	if err != nil {
		return Client{}, "", err
	}
	err = a.Store.ReviseClients(ctx, a.By, func(map[string]Client) ([]Client, error) { return []Client{c}, nil })
	if err != nil {
		return Client{}, "", fmt.Errorf("storing client %q: %w", c.ID, err)
	}
	return c, secret, nil
}

// Change lets change alter a stored client, checks the outcome and stores it, in one transaction.
// change replaces lists and never edits them. [ErrUnknownClient], [ClientFaults], or the error of change.
func (a ClientAdmin) Change(ctx context.Context, id string, change func(*Client) error) (Client, error) {
	var c Client
	err := a.Store.ReviseClients(ctx, a.By, func(stored map[string]Client) ([]Client, error) {
		var ok bool
		if c, ok = stored[id]; !ok {
			return nil, fmt.Errorf("client %q: %w", id, ErrUnknownClient)
		}
		if a.May != nil {
			if err := a.May(c); err != nil {
				return nil, err
			}
		}
		before := c
		if err := change(&c); err != nil {
			return nil, err
		}
		if err := a.keepAdmin(before, &c); err != nil {
			return nil, err
		}
		if err := c.Check(); err != nil {
			return nil, err
		}
		c = c.normal()
		return []Client{c}, nil
	})
	return c, err
}

// keepAdmin leaves the scopes of the administration API as they are before a change, unless the operator makes it.
func (a ClientAdmin) keepAdmin(before Client, c *Client) error {
	if a.Operator {
		return nil
	}
	if added := missing(adminOnly(c.Scopes), before.Scopes); len(added) > 0 {
		var faults ClientFaults
		faults.Add("scopes", "%q is given by the operator alone: mana client update, or mana apply", added[0])
		return faults
	}
	c.Scopes = append(slices.Clone(c.Scopes), adminOnly(before.Scopes)...)
	return nil
}

// RotateSecret gives a confidential client a new secret, which is shown once and never again. The secret
// before it stays valid for overlap; one before that ends at once. [ErrUnknownClient], [ErrPublicClient].
func (a ClientAdmin) RotateSecret(ctx context.Context, id string, overlap time.Duration) (Client, identity.Secret, error) {
	secret := identity.NewSecret()
	c, err := a.Change(ctx, id, func(c *Client) error {
		if c.Public() {
			return fmt.Errorf("client %q: %w", id, ErrPublicClient)
		}
		secrets := []ClientSecret{{Hash: secret.Hash()}}
		if overlap > 0 {
			secrets = append(secrets, ClientSecret{
				Hash: c.Secrets[0].Hash, ExpiresAt: a.Now().Add(overlap).UTC().Truncate(time.Microsecond),
			})
		}
		c.Secrets = secrets
		return nil
	})
	if err != nil {
		return Client{}, "", err
	}
	return c, secret, nil
}

// Remove deletes a client with all that people allowed it. [ErrUnknownClient].
func (a ClientAdmin) Remove(ctx context.Context, id string) error {
	if err := a.Store.RemoveClient(ctx, a.By, id); err != nil {
		return fmt.Errorf("deleting client %q: %w", id, err)
	}
	return nil
}

// ClientEvent is the entry of the security log for a change of a client: before has no id when it is new, after none
// when it is deleted. It holds no secret and no hash.
func ClientEvent(before, after Client) identity.Event {
	e := identity.Event{Type: "client_changed", Metadata: map[string]string{"clientId": after.ID, "name": after.Name}}
	switch {
	case before.ID == "":
		e.Type = "client_created"
	case after.ID == "":
		e.Type = "client_deleted"
		e.Metadata["clientId"], e.Metadata["name"] = before.ID, before.Name
	case !slices.EqualFunc(before.Secrets, after.Secrets, ClientSecret.equal):
		e.Type = "client_secret_rotated"
	}
	was, is := before.facts(), after.facts()
	for i := range is {
		if before.ID != "" && after.ID != "" && was[i] == is[i] {
			was[i], is[i] = "", ""
		}
	}
	note := func(key, id string, facts []string) {
		facts = slices.DeleteFunc(facts, func(fact string) bool { return fact == "" })
		if text := strings.Join(facts, "; "); id != "" && text != "" {
			e.Metadata[key] = text
		}
	}
	note("before", before.ID, was)
	note("after", after.ID, is)
	return e
}

func (s ClientSecret) equal(other ClientSecret) bool {
	return string(s.Hash) == string(other.Hash) && s.ExpiresAt.Equal(other.ExpiresAt)
}

// facts are what a client is and may, one text each, always in the same order.
func (c Client) facts() []string {
	list := func(name string, values []string) string { return name + "=" + strings.Join(values, " ") }
	return []string{
		"name=" + c.Name, list("redirect_uris", c.RedirectURIs), list("post_logout_redirect_uris", c.PostLogoutRedirectURIs),
		list("grant_types", c.GrantTypes), list("scopes", c.Scopes), list("app_ids", c.AppIDs), list("audiences", c.Audiences),
		fmt.Sprintf("first_party=%t", c.FirstParty), fmt.Sprintf("disabled=%t", c.Disabled), fmt.Sprintf("pkce_exempt=%t", c.PKCEExempt),
		fmt.Sprintf("rotate_refresh=%t refresh_idle=%s refresh_max=%s", c.RotateRefresh, c.RefreshIdle, c.RefreshMax),
		fmt.Sprintf("id_token_life=%s id_token_alg=%s", c.IDTokenLife, c.IDTokenAlg), fmt.Sprintf("secrets=%d", len(c.Secrets)),
	}
}
