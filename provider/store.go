package provider

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"mana/provider/identity"
)

// Client is a registered relying party.
type Client struct {
	ID                     string // begins with "mc_"
	Name                   string
	Secrets                []ClientSecret // the newest first; none for a public client
	RedirectURIs           []string
	PostLogoutRedirectURIs []string
	GrantTypes             []string // "authorization_code", "refresh_token", "client_credentials"
	Scopes                 []string // what it may ask for
	AppIDs                 []string // what it may put into appId when it spends credits; its ID always
	Audiences              []string // APIs that it serves: it may introspect the tokens made for them
	FirstParty             bool     // needs no consent unless credits are asked for
	Disabled               bool
	PKCEExempt             bool          // a confidential client that may leave out the challenge
	RotateRefresh          bool          // a confidential client whose refresh tokens rotate; those of public ones always do
	RefreshIdle            time.Duration // life of an unused refresh token; 0: 7 days
	RefreshMax             time.Duration // life of a refresh family; 0: 90 days
	IDTokenLife            time.Duration // 5 minutes to 24 hours; 0: 60 minutes
	IDTokenAlg             string        // id_token_signed_response_alg; empty: RS256
	CreatedAt              time.Time
}

// ClientSecret is one secret of a client as it is stored.
type ClientSecret struct {
	Hash      []byte    // SHA-256
	ExpiresAt time.Time // zero: it stays
}

// MarshalText implements [encoding.TextMarshaler]: the hash in hexadecimal and, of a secret that expires, "@" and its end
// in microseconds since 1970. It is the form in which secrets are stored.
func (s ClientSecret) MarshalText() ([]byte, error) {
	text := hex.AppendEncode(nil, s.Hash)
	if s.ExpiresAt.IsZero() {
		return text, nil
	}
	return strconv.AppendInt(append(text, '@'), s.ExpiresAt.UnixMicro(), 10), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *ClientSecret) UnmarshalText(text []byte) error {
	digits, end, expires := strings.Cut(string(text), "@")
	hash, err := hex.DecodeString(digits)
	if err != nil {
		return fmt.Errorf("reading a stored hash: %w", err)
	}
	*s = ClientSecret{Hash: hash}
	if !expires {
		return nil
	}
	us, err := strconv.ParseInt(end, 10, 64)
	if err != nil {
		return fmt.Errorf("reading the end of a stored secret: %w", err)
	}
	s.ExpiresAt = time.UnixMicro(us).UTC()
	return nil
}

// Public reports whether the client has no secret (RFC 6749, section 2.1).
func (c Client) Public() bool { return len(c.Secrets) == 0 }

// AuthRequest is an authorization request in progress: stored at first contact, bound to the browser,
// and from then on the only source of its parameters.
type AuthRequest struct {
	Hash          []byte // SHA-256 of the id that pages carry
	BrowserHash   []byte // SHA-256 of the pre-login cookie
	ClientID      string
	RedirectURI   string // proven
	ResponseMode  string // "query" or "form_post"
	Scopes        []string
	State         string
	HasState      bool
	Nonce         string
	CodeChallenge string // S256; empty for an exempt client
	Prompt        []string
	MaxAge        int // seconds; -1: none
	LoginHint     string
	UILocales     string    // languages of pages, the best first, parted by spaces; or empty
	HintSubject   string    // subject of id_token_hint, the only person who may answer; empty: anybody
	Claims        string    // the claims parameter as sent, checked; or empty
	Resource      string    // the one audience asked for, or empty
	ACRValues     []string  // classes that are wished for, in order
	SessionID     uuid.UUID // session that was proven for this request; uuid.Nil: none yet
	CreatedAt     time.Time
	ExpiresAt     time.Time
}

// Consent is what a person allowed a client, as the union over time.
type Consent struct {
	UserID    uuid.UUID
	ClientID  string
	Scopes    []string
	Claims    []string // allowed one by one, beside what the scopes give
	UpdatedAt time.Time
}

// Grant is what one approval gave a client. Access tokens name it by the handle in their jti, so that
// revoking the row ends them all.
type Grant struct {
	Handle    []byte // 16 random bytes, primary key
	UserID    uuid.UUID
	ClientID  string
	SessionID uuid.UUID
	Scopes    []string
	Claims    string // the claims parameter of the request, or empty
	Resource  string
	Nonce     string
	Offline   bool // outlives the session that it was made in
	AuthTime  time.Time
	AMR       []string
	CreatedAt time.Time
	RevokedAt time.Time // zero: live
}

// CodeIssue is one approval: the request is consumed, the consent remembered, grant and code stored.
type CodeIssue struct {
	RequestHash   []byte   // the stored request to consume; nil when it was never stored
	Consent       *Consent // to add to what was given before; nil: unchanged
	Grant         Grant
	CodeHash      []byte // SHA-256 of the code
	RedirectURI   string
	CodeChallenge string
	ExpiresIn     time.Duration
	Event         *identity.Event
}

// Redemption is a code presented at the token endpoint by an authenticated client.
type Redemption struct {
	CodeHash     []byte
	ClientID     string
	RedirectURI  string // empty: not sent
	VerifierHash string // BASE64URL(SHA-256(code_verifier)); empty: not sent
	Refresh      *NewRefresh
}

// NewRefresh is the first token of a refresh family.
type NewRefresh struct {
	Hash     []byte // SHA-256 of the token
	FamilyID uuid.UUID
	Until    time.Time // when the unused token ends
}

// Rotation is a refresh token presented by its client, which has authenticated.
type Rotation struct {
	Hash     []byte // SHA-256 of the token
	ClientID string
	Rotate   bool // false: the token stays, and its idle time begins anew
	// Salt is fresh; Successor gives the hash of the token that follows the presented one by a salt.
	Salt      []byte
	Successor func(salt []byte) []byte
	Device    identity.Device // of the caller, for events; a first-party session takes it over
}

// Refreshed is what a refresh token yields.
type Refreshed struct {
	Facts Facts
	Salt  []byte // by which the successor is made: the fresh one, or that of the grace; nil: not rotated
}

// Facts is what decides whether a subject may get a token for a client now. A first-party session has no
// grant and no client but its id.
type Facts struct {
	Client  Client
	Grant   Grant
	User    identity.User
	Roles   []string // free names, where a token or userinfo gives them; read last
	Session identity.Session
	Now     time.Time
	// VerifiedOnly says that the person must have proven the address.
	VerifiedOnly bool
}

// Clients keeps registered clients. Each method is one transaction.
type Clients interface {
	// Client finds a client, also a disabled one. [ErrUnknownClient].
	Client(ctx context.Context, id string) (Client, error)
	// SaveClient creates a client or replaces all of it, for the program itself: nobody acts.
	SaveClient(ctx context.Context, c Client) error
	// ListClients lists all clients by name.
	ListClients(ctx context.Context) ([]Client, error)
	// ReviseClients creates or replaces the clients that revise makes of all stored ones, by id. Those that
	// are as stored are not written. An error of revise is returned, and nothing is stored. Each change has the event
	// of [ClientEvent]. [identity.ErrNotAdministrator].
	ReviseClients(ctx context.Context, by identity.Actor, revise func(stored map[string]Client) ([]Client, error)) error
	// RemoveClient deletes a client with all requests, consents, grants, codes and refresh tokens that
	// it has, and writes the event. [ErrUnknownClient], [identity.ErrNotAdministrator].
	RemoveClient(ctx context.Context, by identity.Actor, id string) error
}

// Requests keeps authorization requests in progress. Each method is one transaction.
type Requests interface {
	// StoreRequest stores a request.
	StoreRequest(ctx context.Context, r AuthRequest) error
	// Request finds a live request, neither used nor expired, by the hash of its id. [ErrNoRequest].
	Request(ctx context.Context, hash []byte) (AuthRequest, error)
	// MarkAuthenticated notes the session in which the person proved who they are for this request
	// (AuthRequest.SessionID), so that prompt=login and max_age are met. [ErrNoRequest].
	MarkAuthenticated(ctx context.Context, hash []byte, sessionID uuid.UUID) error
	// ConsumeRequest ends a request without a code. [ErrNoRequest] when it was used or has expired.
	ConsumeRequest(ctx context.Context, hash []byte) error
}

// Grants keeps approvals and codes. Each method is one transaction.
type Grants interface {
	// Consent reads what the person allowed the client; empty when nothing.
	Consent(ctx context.Context, userID uuid.UUID, clientID string) (Consent, error)
	// IssueCode writes one approval if allow agrees to the facts of the same transaction. [ErrNoRequest]
	// when its request was used or has expired; then, and when allow refuses, nothing is written.
	IssueCode(ctx context.Context, c CodeIssue, allow func(Facts) error) error
	// RedeemCode consumes a code by one conditional update, whatever follows. It then compares the
	// binding in constant time, asks allow with the facts of the same transaction, and stores the refresh
	// token, if one is given. [ErrInvalidGrant] when code or binding is wrong; a second presentation by the
	// code's own client revokes the grant with its refresh tokens.
	RedeemCode(ctx context.Context, r Redemption, allow func(Facts) error) (Facts, error)
	// GrantFacts reads the grant of an access token with its user, session and client. [ErrInvalidGrant]
	// when it is unknown, or when the token with this id was revoked by itself.
	GrantFacts(ctx context.Context, handle []byte, tokenID string) (Facts, error)
	// TokenRevoked reports whether the access token with this id was revoked by itself.
	TokenRevoked(ctx context.Context, tokenID string) (bool, error)
}

// Refreshes keeps refresh families. Each method is one transaction.
type Refreshes interface {
	// Refresh redeems a refresh token: it asks decide, with the facts of the same transaction, how long the
	// next token lives unused, and rotates by one conditional update. The predecessor of the live token is
	// answered within the grace with the salt of its rotation, as long as the live token was not used. Any
	// other presentation of a rotated token revokes the family with its grant or session. What decide
	// refuses changes nothing. [ErrInvalidGrant]; [ErrRefreshExpired] for a live token that ended unused.
	Refresh(ctx context.Context, r Rotation, decide func(Facts) (time.Time, error)) (Refreshed, error)
	// RefreshFacts reads a live refresh token with its end and facts, and changes nothing. [ErrInvalidGrant].
	RefreshFacts(ctx context.Context, hash []byte) (Facts, time.Time, error)
	// RefreshFamily names the family that a refresh token is or was of. [ErrInvalidGrant].
	RefreshFamily(ctx context.Context, hash []byte) (uuid.UUID, error)
	// RevokeRefresh ends the family of a refresh token of this client, live or not, with its grant; for a
	// first-party family with its session. It reports whether the token is one of the client's.
	RevokeRefresh(ctx context.Context, hash []byte, clientID string, e identity.Event) (bool, error)
	// RevokeToken notes that an access token ended before its time.
	RevokeToken(ctx context.Context, tokenID string, expires time.Time) error
}

// Connection is what an app has of a person.
type Connection struct {
	ClientID string
	Scopes   []string  // allowed, or those of the latest grant to an app that needs no consent
	Since    time.Time // first allowed
	UsedAt   time.Time // last got tokens, as far as is known
}

// Connections keeps which apps a person has let in. Each method is one transaction.
type Connections interface {
	// Connections lists what was allowed and the live grants of a person, joined for each client, by its id.
	Connections(ctx context.Context, userID uuid.UUID) ([]Connection, error)
	// Disconnect forgets what a person allowed a client, revokes its grants and refresh tokens, those with offline
	// access too, and writes the event. [ErrUnknownClient] when it has nothing of the person.
	Disconnect(ctx context.Context, userID uuid.UUID, clientID string, e identity.Event) error
}

// FirstPartySession is a REST login: a session with its first refresh token.
type FirstPartySession struct {
	Session identity.Session
	Refresh NewRefresh
	Event   identity.Event
}

// FirstPartySessions keeps REST logins.
type FirstPartySessions interface {
	// StartFirstParty stores session, refresh token and event if allow agrees to the facts of the same
	// transaction.
	StartFirstParty(ctx context.Context, s FirstPartySession, allow func(Facts) error) error
}

// Store is what the package needs of a storage engine.
type Store interface {
	Clients
	Requests
	Grants
	Refreshes
	Connections
	FirstPartySessions
}
