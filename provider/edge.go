package provider

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// EdgeKeep is the header that lets an edge give an answer again: for how many seconds, and the subjects, as in
// [Endings], that end it before. Nobody else is sent it.
//
//	Edge-Keep: 30 01890a5d-ac96-774b-bcce-b302099a8057 fT3…
const EdgeKeep = "Edge-Keep"

// maxKeep is the longest time that an edge may give an answer again.
const maxKeep = 30 * time.Second

type edgeKey struct{}

// ForEdge marks the context of a request that came by an edge, which has proven itself.
func ForEdge(ctx context.Context) context.Context {
	return context.WithValue(ctx, edgeKey{}, true)
}

// IsForEdge reports whether a request came by an edge.
func IsForEdge(ctx context.Context) bool {
	marked, _ := ctx.Value(edgeKey{}).(bool)
	return marked
}

// keep lets an edge give the answer about an access token again, until something ends by time: the token, its session,
// or a secret of the client that asks. What ends by an act, the edge learns of.
func (p *Provider) keep(w http.ResponseWriter, r *http.Request, claims accessClaims, facts Facts, asking Client) {
	if !IsForEdge(r.Context()) {
		return
	}
	now := p.now()
	left := min(maxKeep, time.Unix(claims.ExpiresAt, 0).Sub(now))
	if s := facts.Session; !s.ExpiresAt.IsZero() && !facts.Grant.Offline {
		left = min(left, s.ExpiresAt.Sub(now))
		if s.IdleFor > 0 {
			left = min(left, s.LastActivityAt.Add(s.IdleFor).Sub(now))
		}
	}
	for _, secret := range asking.Secrets {
		if secret.ExpiresAt.After(now) {
			left = min(left, secret.ExpiresAt.Sub(now))
		}
	}
	if left >= time.Second {
		w.Header().Set(EdgeKeep, strconv.Itoa(int(left/time.Second))+" "+claims.Subject+" "+claims.ID)
	}
}

// Documents tells one state of the published documents from another.
func (p *Provider) Documents() string {
	return p.discovery.Load().plain.tag + p.jwks.Load().plain.tag
}
