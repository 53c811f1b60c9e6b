package provider

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"mana/provider/identity"
)

// directory is a store that serves clients from memory: lookups touch neither storage nor locks. A change
// that goes through it is seen at once; one of another process when somebody calls reload. What a
// transaction decides still reads the client's row in storage.
type directory struct {
	Store
	loading sync.Mutex // orders reloads, so that an older list never replaces a newer one
	current atomic.Pointer[clientList]
}

// clientList is one state of all clients. It never changes.
type clientList struct {
	byID    map[string]Client
	origins map[string]struct{} // of the redirect URIs of enabled clients
}

var _ Store = (*directory)(nil)

// newDirectory makes a directory that knows no client until the first reload.
func newDirectory(store Store) *directory {
	d := &directory{Store: store}
	d.current.Store(&clientList{})
	return d
}

// Client implements [Clients]. The lists in it are shared and must not be changed.
func (d *directory) Client(_ context.Context, id string) (Client, error) {
	c, ok := d.current.Load().byID[id]
	if !ok {
		return Client{}, ErrUnknownClient
	}
	return c, nil
}

// SaveClient implements [Clients].
func (d *directory) SaveClient(ctx context.Context, c Client) error {
	return d.follow(ctx, d.Store.SaveClient(ctx, c))
}

// ReviseClients implements [Clients].
func (d *directory) ReviseClients(ctx context.Context, by identity.Actor, revise func(map[string]Client) ([]Client, error)) error {
	return d.follow(ctx, d.Store.ReviseClients(ctx, by, revise))
}

// RemoveClient implements [Clients].
func (d *directory) RemoveClient(ctx context.Context, by identity.Actor, id string) error {
	return d.follow(ctx, d.Store.RemoveClient(ctx, by, id))
}

// follow reloads after a change.
func (d *directory) follow(ctx context.Context, err error) error {
	if err != nil {
		return err
	}
	return d.reload(ctx)
}

// reload reads all clients from storage. When that fails, what was known stays.
func (d *directory) reload(ctx context.Context) error {
	d.loading.Lock()
	defer d.loading.Unlock()
	clients, err := d.ListClients(ctx)
	if err != nil {
		return fmt.Errorf("reading clients: %w", err)
	}
	list := &clientList{byID: make(map[string]Client, len(clients)), origins: make(map[string]struct{})}
	for _, c := range clients {
		list.byID[c.ID] = c
		if c.Disabled {
			continue
		}
		for _, uri := range c.RedirectURIs {
			list.origins[originOf(uri)] = struct{}{}
		}
	}
	d.current.Store(list)
	return nil
}

// Clients are the registered clients as this provider serves them: what is changed here counts at once, and for
// access tokens that were just accepted within a second.
func (p *Provider) Clients() Clients { return p.store }

// ReloadClients reads the clients from storage again. It must be called once before the provider serves,
// and whenever another process changed them.
func (p *Provider) ReloadClients(ctx context.Context) error {
	defer p.facts.clear()
	return p.store.reload(ctx)
}

// AllowsOrigin reports whether a page of this origin belongs to an enabled client: the origin of one of its
// redirect URIs, compared as a whole. Such pages may call the token endpoint and userinfo.
func (p *Provider) AllowsOrigin(origin string) bool {
	_, ok := p.store.current.Load().origins[origin]
	return ok
}
