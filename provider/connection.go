package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"mana/provider/identity"
)

// EventDisconnected is the event of an app that its person shut out.
const EventDisconnected = "app_disconnected"

// Connected is an app that a person has let in.
type Connected struct {
	Connection
	Client Client
}

// Connected lists the apps that a person has let in.
func (p *Provider) Connected(ctx context.Context, userID uuid.UUID) ([]Connected, error) {
	found, err := p.store.Connections(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("listing connected apps: %w", err)
	}
	apps := make([]Connected, 0, len(found))
	for _, c := range found {
		client, err := p.store.Client(ctx, c.ClientID)
		if err != nil {
			continue // it was removed just now
		}
		apps = append(apps, Connected{c, client})
	}
	return apps, nil
}

// Disconnect shuts an app out: what was allowed is forgotten, its grants and refresh tokens end, those with offline
// access too. [ErrUnknownClient] when it has nothing of the person.
func (p *Provider) Disconnect(ctx context.Context, userID uuid.UUID, clientID string, d identity.Device) error {
	event := identity.Event{UserID: userID, Type: EventDisconnected, Device: d, Metadata: map[string]string{"clientId": clientID}}
	defer p.forget()
	if err := p.store.Disconnect(ctx, userID, clientID, event); err != nil {
		return fmt.Errorf("disconnecting an app: %w", err)
	}
	return nil
}

// AccessLife is how long an access token lives that was made before its grant ended, elsewhere than here.
func (p *Provider) AccessLife() time.Duration { return p.accessTTL }
