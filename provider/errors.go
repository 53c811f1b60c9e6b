package provider

import (
	"errors"
	"fmt"

	"mana/keys/verifier"
)

// Errors that callers tell apart.
var (
	// ErrUnknownClient: no client has this id.
	ErrUnknownClient = errors.New("unknown client")
	// ErrPublicClient: a public client has no secret.
	ErrPublicClient = errors.New("a public client has no secret")
	// ErrNoRequest: the authorization request was used, has expired, or belongs to another browser.
	ErrNoRequest = errors.New("no such authorization request")
	// ErrInvalidGrant: the code or grant is unknown, used, expired, or bound to something else.
	ErrInvalidGrant = errors.New("invalid grant")
	// ErrRefreshExpired: the refresh token was never used, and its time is over.
	ErrRefreshExpired = fmt.Errorf("%w: expired", ErrInvalidGrant)
	// ErrRepeated: a code or refresh token that was used came again, and what it had given was revoked.
	ErrRepeated = fmt.Errorf("%w: repeated", ErrInvalidGrant)
	// ErrInvalidToken: an access token is malformed, foreign, expired, revoked, or of another audience.
	ErrInvalidToken = fmt.Errorf("access token: %w", verifier.ErrToken)
	// ErrInvalidClient: client authentication failed.
	ErrInvalidClient = errors.New("invalid client")
	// ErrUnknownServiceKey: no service key has this id or name.
	ErrUnknownServiceKey = errors.New("unknown service key")
	// ErrInvalidServiceKey: the value shown is that of no live service key.
	ErrInvalidServiceKey = errors.New("invalid service key")
	// ErrServiceKeyOwner: the first app of a service key owns its idempotency keys, and stays.
	ErrServiceKeyOwner = errors.New("the first app of a service key cannot change: its idempotency keys belong to it")
	// ErrServiceKeyTaken: another service key has this name, or has or had this value.
	ErrServiceKeyTaken = errors.New("name or value is that of another service key")
	// ErrKeyLimit: the use would pass a cap of the service key.
	ErrKeyLimit = errors.New("cap of the service key is reached")
	// ErrServiceKeyEnded: the service key was revoked or has expired.
	ErrServiceKeyEnded = errors.New("service key was revoked or has expired")
	// ErrDenied: policy refuses this subject a token for this client.
	ErrDenied = errors.New("subject refused")
	// ErrFactorDue: the person has a second factor, which was not proven.
	ErrFactorDue = fmt.Errorf("%w: a second factor is due", ErrDenied)
)
