package identity

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
)

// How a passkey proved somebody (RFC 8176): a key that stays in one device, or one that may be copied between them, and
// that the device asked for a finger, a face or a PIN.
const (
	AMRHardware = "hwk"
	AMRSoftware = "swk"
	AMRVerified = "user"
)

const (
	challengeLife  = 5 * time.Minute
	maxPasskeys    = 20
	maxPasskeyName = 60 // code points
)

// Errors of passkeys.
var (
	// ErrPasskey: a passkey, or what a browser says of it, is not right, or took too long.
	ErrPasskey = errors.New("passkey refused")
	// ErrPasskeyTaken: this passkey is registered already.
	ErrPasskeyTaken = errors.New("passkey is registered already")
	// ErrPasskeyCopied: the counter of a passkey fell: there may be a copy of it.
	ErrPasskeyCopied = fmt.Errorf("%w: the counter fell", ErrPasskey)
)

// RelyingParty is who we are to authenticators (Web Authentication Level 3, section 5.4.2). It comes from the issuer
// alone.
type RelyingParty struct {
	ID     string // the host
	Origin string
	Name   string
}

// Passkey is a registered credential.
type Passkey struct {
	ID             []byte // of the credential
	UserID         uuid.UUID
	Name           string
	PublicKey      []byte // COSE
	SignCount      uint32
	BackupEligible bool
	Kind           PasskeyKind
	BackedUp       bool // as it said last: there is a copy in the cloud of its maker
	CreatedAt      time.Time
	LastUsedAt     time.Time // zero: not used yet
}

// PasskeyKind is what holds a passkey; empty: its browser did not say.
type PasskeyKind string

// The kinds of what holds passkeys.
const (
	KindDevice PasskeyKind = "device" // a phone or computer
	KindKey    PasskeyKind = "key"    // a security key
)

// passkeyKind is what a browser says of a new credential.
func passkeyKind(c *webauthn.Credential) PasskeyKind {
	has := func(t protocol.AuthenticatorTransport) bool { return slices.Contains(c.Transport, t) }
	switch {
	case has(protocol.Internal), has(protocol.Hybrid), c.Authenticator.Attachment == protocol.Platform:
		return KindDevice
	case c.Authenticator.Attachment == protocol.CrossPlatform, has(protocol.USB), has(protocol.NFC), has(protocol.BLE):
		return KindKey
	}
	return ""
}

// Challenge is what one ceremony begins with.
type Challenge struct {
	Hash      []byte    // SHA-256 of the challenge
	Browser   []byte    // hash of the browser's cookie
	UserID    uuid.UUID // who registers; uuid.Nil at a sign-in
	Session   string    // what the library wants back, as JSON, without the challenge
	ExpiresAt time.Time
}

// PasskeyUse is a passkey that has proven its person.
type PasskeyUse struct {
	ID       []byte
	Count    uint32 // of the answer
	BackedUp bool   // as in [Passkey]
	Session  Session
	Replaced []byte // as in [Sessions]
	Event    Event
}

// Challenges keeps what ceremonies begin with. Each method is one transaction.
type Challenges interface {
	// StoreChallenge stores a challenge.
	StoreChallenge(ctx context.Context, c Challenge) error
	// TakeChallenge deletes a live challenge and gives it. [ErrPasskey] when there is none for this browser.
	TakeChallenge(ctx context.Context, hash, browser []byte) (Challenge, error)
}

// Passkeys keeps passkeys. Each method is one transaction.
type Passkeys interface {
	// Passkeys lists those of a person, the oldest first.
	Passkeys(ctx context.Context, userID uuid.UUID) ([]Passkey, error)
	// AddPasskey stores a passkey, and ends all other sessions of the person. [ErrPasskeyTaken] when anybody has
	// registered it; [ErrPasskey] when the person has too many; [ErrNoSession].
	AddPasskey(ctx context.Context, c FactorChange, p Passkey, limit int) error
	// RenamePasskey names a passkey of the person of the event. [ErrNotFound].
	RenamePasskey(ctx context.Context, id []byte, name string, e Event) error
	// RemovePasskey deletes a passkey, and ends all other sessions of the person. [ErrNotFound]; [ErrLastWay];
	// [ErrNoSession].
	RemovePasskey(ctx context.Context, c FactorChange, id []byte) error
	// UsePasskey moves the counter of a passkey and starts the session as [Sessions] does. A counter that does not
	// rise, though the passkey counts, starts none: the event is "passkey_copied" then. [ErrPasskeyCopied];
	// [ErrPasskey] when it was removed.
	UsePasskey(ctx context.Context, u PasskeyUse) (Session, error)
}

// NewWebAuthn makes what checks passkeys for a party. Attestation is not asked for, and not checked. A party whose id is
// an address of the network gets nil: browsers make passkeys for names alone.
func NewWebAuthn(rp RelyingParty) (*webauthn.WebAuthn, error) {
	if net.ParseIP(rp.ID) != nil {
		return nil, nil //nolint:nilnil // no passkeys here, and no fault: TakesPasskeys tells
	}
	return webauthn.New(&webauthn.Config{
		RPID: rp.ID, RPDisplayName: rp.Name, RPOrigins: []string{rp.Origin},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired,
		},
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
}

// TakesPasskeys reports whether passkeys can be used here.
func (s *Service) TakesPasskeys() bool { return s.webauthn != nil }

// passkeyAlgorithms are those of new passkeys.
func passkeyAlgorithms() []protocol.CredentialParameter {
	var list []protocol.CredentialParameter
	for _, alg := range []webauthncose.COSEAlgorithmIdentifier{webauthncose.AlgES256, webauthncose.AlgEdDSA, webauthncose.AlgRS256} {
		list = append(list, protocol.CredentialParameter{Type: protocol.PublicKeyCredentialType, Algorithm: alg})
	}
	return list
}

// holder is a person as the library knows them. The user handle is the id.
type holder struct {
	user     User
	passkeys []Passkey
}

// WebAuthnID implements [webauthn.User].
func (h holder) WebAuthnID() []byte { return h.user.ID[:] }

// WebAuthnName implements [webauthn.User].
func (h holder) WebAuthnName() string { return string(h.user.Email) }

// WebAuthnDisplayName implements [webauthn.User].
func (h holder) WebAuthnDisplayName() string {
	if h.user.Name == "" {
		return string(h.user.Email)
	}
	return h.user.Name
}

// WebAuthnCredentials implements [webauthn.User].
func (h holder) WebAuthnCredentials() []webauthn.Credential {
	list := make([]webauthn.Credential, len(h.passkeys))
	for i, p := range h.passkeys {
		list[i] = webauthn.Credential{
			ID: p.ID, PublicKey: p.PublicKey, Flags: webauthn.CredentialFlags{BackupEligible: p.BackupEligible},
			Authenticator: webauthn.Authenticator{SignCount: p.SignCount},
		}
	}
	return list
}

// Passkeys lists those of a person.
func (s *Service) Passkeys(ctx context.Context, userID uuid.UUID) ([]Passkey, error) {
	return s.store.Passkeys(ctx, userID)
}

// PasskeyOptions begins a sign-in by passkey in a browser, and gives the options for it (Web Authentication Level 3,
// section 5.5) as JSON. They list no credentials, so they are alike for everybody.
func (s *Service) PasskeyOptions(ctx context.Context, browser Secret) ([]byte, error) {
	options, session, err := s.webauthn.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, fmt.Errorf("beginning a sign-in by passkey: %w", err)
	}
	if err := s.storeChallenge(ctx, *session, browser, uuid.Nil); err != nil {
		return nil, err
	}
	return json.Marshal(options.Response)
}

// NewPasskeyOptions begins the registration of a passkey, and gives the options for it (section 5.4) as JSON.
func (s *Service) NewPasskeyOptions(ctx context.Context, user User, browser Secret) ([]byte, error) {
	passkeys, err := s.store.Passkeys(ctx, user.ID)
	if err != nil {
		return nil, err
	}
	person := holder{user, passkeys}
	options, session, err := s.webauthn.BeginRegistration(person, webauthn.WithCredentialParameters(passkeyAlgorithms()),
		webauthn.WithExclusions(webauthn.Credentials(person.WebAuthnCredentials()).CredentialDescriptors()))
	if err != nil {
		return nil, fmt.Errorf("beginning the registration of a passkey: %w", err)
	}
	if err := s.storeChallenge(ctx, *session, browser, user.ID); err != nil {
		return nil, err
	}
	return json.Marshal(options.Response)
}

func (s *Service) storeChallenge(ctx context.Context, session webauthn.SessionData, browser Secret, userID uuid.UUID) error {
	hash := sha256.Sum256([]byte(session.Challenge))
	session.Challenge, session.Expires = "", time.Time{} // storage knows when it ends
	encoded, err := json.Marshal(session)
	if err != nil {
		return fmt.Errorf("encoding a challenge: %w", err)
	}
	return s.store.StoreChallenge(ctx, Challenge{
		Hash: hash[:], Browser: browser.Hash(), UserID: userID, Session: string(encoded),
		ExpiresAt: s.now().UTC().Truncate(time.Microsecond).Add(challengeLife),
	})
}

// takeChallenge uses up the challenge that a browser answers, whatever the answer is worth. [ErrPasskey].
func (s *Service) takeChallenge(ctx context.Context, challenge string, browser Secret, userID uuid.UUID) (webauthn.SessionData, error) {
	var session webauthn.SessionData
	hash := sha256.Sum256([]byte(challenge))
	stored, err := s.store.TakeChallenge(ctx, hash[:], browser.Hash())
	if err != nil {
		return session, err
	}
	if stored.UserID != userID {
		return session, ErrPasskey
	}
	if err := json.Unmarshal([]byte(stored.Session), &session); err != nil {
		return session, fmt.Errorf("reading a challenge: %w", err)
	}
	session.Challenge = challenge
	return session, nil
}

// NewPasskey is a passkey that a browser has made.
type NewPasskey struct {
	User         User
	Session      Session
	Browser      Secret // as in [Service.NewPasskeyOptions]
	Name, Answer string
	Device       Device
}

// AddPasskey registers a passkey and ends all other sessions. [ErrPasskey], [ErrPasskeyTaken], [ErrName].
func (s *Service) AddPasskey(ctx context.Context, n NewPasskey) (Secured, error) {
	user := n.User
	name, err := passkeyName(n.Name)
	if err != nil {
		return Secured{}, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(n.Answer))
	if err != nil {
		return Secured{}, fmt.Errorf("%w: %w", ErrPasskey, err)
	}
	session, err := s.takeChallenge(ctx, parsed.Response.CollectedClientData.Challenge, n.Browser, user.ID)
	if err != nil {
		return Secured{}, err
	}
	made, err := s.webauthn.CreateCredential(holder{user: user}, session, parsed)
	if err != nil {
		return Secured{}, fmt.Errorf("%w: %w", ErrPasskey, err)
	}
	change := s.change(n.Session, Event{UserID: user.ID, Type: "passkey_registered", Device: n.Device})
	err = s.store.AddPasskey(ctx, change.FactorChange, Passkey{
		ID: made.ID, UserID: user.ID, Name: name, PublicKey: made.PublicKey, SignCount: made.Authenticator.SignCount,
		BackupEligible: made.Flags.BackupEligible, BackedUp: made.Flags.BackupState, Kind: passkeyKind(made),
		CreatedAt: s.now().UTC().Truncate(time.Microsecond),
	}, maxPasskeys)
	return change.secured(n.Session, nil), err
}

// passkeyName is a name as it was typed. [ErrName].
func passkeyName(typed string) (string, error) {
	name := strings.TrimSpace(typed)
	if !validName(name) || len([]rune(name)) > maxPasskeyName {
		return "", ErrName
	}
	return name, nil
}

// RenamePasskey gives a passkey of a person another name. [ErrName], [ErrNotFound].
func (s *Service) RenamePasskey(ctx context.Context, userID uuid.UUID, id []byte, name string, d Device) error {
	name, err := passkeyName(name)
	if err != nil {
		return err
	}
	return s.store.RenamePasskey(ctx, id, name, Event{UserID: userID, Type: "passkey_renamed", Device: d})
}

// RemovePasskey deletes a passkey of a person and ends all other sessions. [ErrNotFound], [ErrLastWay].
func (s *Service) RemovePasskey(ctx context.Context, session Session, id []byte, d Device) (Secured, error) {
	change := s.change(session, Event{UserID: session.UserID, Type: "passkey_deleted", Device: d})
	err := s.store.RemovePasskey(ctx, change.FactorChange, id)
	return change.secured(session, nil), err
}

// SignInPasskey proves a person by the answer of a passkey, which stands for two factors, and starts a browser session.
// [ErrPasskey], [ErrPasskeyCopied]; [ErrUnverified], with the person, as [Service.Authenticate].
func (s *Service) SignInPasskey(ctx context.Context, browser Secret, answer string, in SignIn) (_ Started, err error) {
	defer func() {
		s.counts.login(err)
		s.counts.factor(kindPasskey, err)
	}()
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return Started{}, fmt.Errorf("%w: %w", ErrPasskey, err)
	}
	session, err := s.takeChallenge(ctx, parsed.Response.CollectedClientData.Challenge, browser, uuid.Nil)
	if err != nil {
		return Started{}, err
	}
	var fault error // ours, rather than that of the answer
	found, used, err := s.webauthn.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		person, err := s.holder(ctx, handle)
		if err != nil && !errors.Is(err, ErrPasskey) {
			fault = err
		}
		return person, err
	}, session, parsed)
	if fault != nil {
		return Started{}, fault
	}
	if err != nil {
		return Started{}, fmt.Errorf("%w: %w", ErrPasskey, err)
	}
	person := found.(holder)
	if s.verified && !person.user.EmailVerified {
		return Started{User: person.user}, ErrUnverified
	}
	return s.usePasskey(ctx, person, used, parsed.Response.AuthenticatorData.Counter, in)
}

// holder finds a live person by user handle. [ErrPasskey].
func (s *Service) holder(ctx context.Context, handle []byte) (holder, error) {
	id, err := uuid.FromBytes(handle)
	if err != nil {
		return holder{}, ErrPasskey
	}
	user, err := s.store.UserByID(ctx, id)
	if errors.Is(err, ErrNotFound) || err == nil && !user.Live() {
		return holder{}, ErrPasskey
	}
	if err != nil {
		return holder{}, err
	}
	passkeys, err := s.store.Passkeys(ctx, id)
	return holder{user, passkeys}, err
}

func (s *Service) usePasskey(ctx context.Context, person holder, used *webauthn.Credential, count uint32, in SignIn) (Started, error) {
	in.AMR = []string{AMRHardware, AMRVerified, AMRMulti}
	if used.Flags.BackupEligible {
		in.AMR[0] = AMRSoftware
	}
	started, err := s.prepareSession(person.user, in)
	if err != nil {
		return Started{}, err
	}
	started.Session, err = s.store.UsePasskey(ctx, PasskeyUse{
		ID: used.ID, Count: count, BackedUp: used.Flags.BackupState, Session: started.Session, Replaced: in.Replaces.Hash(),
		Event: Event{UserID: person.user.ID, Type: "passkey_login_success", Device: in.Device},
	})
	return started, err
}
