package provider

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"mana/provider/identity"
)

const (
	refreshLabel = "provider/refresh-successor/1"
	saltSize     = 16 // bytes
)

// newRefresh puts the first token of a refresh family into a redemption, if the client may refresh. The token
// is empty otherwise.
func (p *Provider) newRefresh(client Client, r *Redemption) (identity.Secret, error) {
	if !slices.Contains(client.GrantTypes, string(oidc.GrantTypeRefreshToken)) {
		return "", nil
	}
	secret := identity.NewSecret()
	refresh, err := firstRefresh(secret, p.now().Add(min(client.refreshIdle(), p.refreshLife(client))))
	r.Refresh = &refresh
	return secret, err
}

func firstRefresh(secret identity.Secret, until time.Time) (NewRefresh, error) {
	family, err := uuid.NewV7()
	if err != nil {
		return NewRefresh{}, fmt.Errorf("making an id: %w", err)
	}
	return NewRefresh{Hash: secret.Hash(), FamilyID: family, Until: until}, nil
}

// refreshIdle is how long an unused refresh token of the client lives.
func (c Client) refreshIdle() time.Duration {
	if c.RefreshIdle > 0 {
		return c.RefreshIdle
	}
	return refreshIdle
}

// refreshLife is how long a refresh family of the client lives in all.
func (p *Provider) refreshLife(c Client) time.Duration {
	if c.RefreshMax > 0 {
		return c.RefreshMax
	}
	return p.refreshMax
}

// rotation is a refresh token as storage takes it: its successor is made of the presented token, a key of ours
// and a salt that storage erases when the grace ends, so that a retry gets the same one, and neither the
// database alone nor the key with an older token gives it.
func (p *Provider) rotation(token, clientID string, rotate bool, d identity.Device) Rotation {
	salt := make([]byte, saltSize)
	rand.Read(salt)
	return Rotation{
		Hash: secretHash(token), ClientID: clientID, Rotate: rotate, Salt: salt, Device: d,
		Successor: func(salt []byte) []byte { return p.successor(token, salt).Hash() },
	}
}

func (p *Provider) successor(token string, salt []byte) identity.Secret {
	mac := hmac.New(sha256.New, p.refreshKey)
	mac.Write(salt)
	mac.Write([]byte(token))
	return identity.Secret(base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
}

// refresh exchanges a refresh token (RFC 6749, section 6). Tokens of public clients rotate (RFC 9700, section
// 4.14.2), those of confidential ones by their policy.
func (p *Provider) refresh(r *http.Request, client Client) (_ *oidc.AccessTokenResponse, err error) {
	var cause error // before it is made an error of the protocol
	defer func() { p.counts.refreshed(cmp.Or(cause, err)) }()
	token := r.PostForm.Get("refresh_token")
	if token == "" {
		return nil, badRequest("refresh_token is missing")
	}
	if secretHash(token) == nil {
		return nil, badGrant()
	}
	target, fault := p.tokenTarget(r)
	if fault != nil {
		return nil, fault
	}
	rotation := p.rotation(token, client.ID, client.Public() || client.RotateRefresh, p.device(r))
	done, err := p.store.Refresh(r.Context(), rotation, func(f Facts) (time.Time, error) {
		if err := p.allow(f); err != nil {
			return time.Time{}, err
		}
		until := f.Now.Add(f.Client.refreshIdle())
		if end := f.Grant.CreatedAt.Add(p.refreshLife(f.Client)); end.Before(until) {
			until = end
		}
		if !until.After(f.Now) {
			return time.Time{}, ErrDenied
		}
		return until, target.check(f)
	})
	if err != nil {
		cause = err
		return nil, p.grantError(err)
	}
	done.Facts.Grant.Nonce = "" // of the first ID token alone (OpenID Connect Core 1.0, section 12.2)
	var next identity.Secret
	if done.Salt != nil {
		next = p.successor(token, done.Salt)
	}
	return p.tokens(r.Context(), done.Facts, target, next)
}

// event is a security event of a request.
func (p *Provider) event(r *http.Request, kind string) identity.Event {
	return identity.Event{Type: kind, Device: p.device(r)}
}
