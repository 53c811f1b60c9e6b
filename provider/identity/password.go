package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/VictoriaMetrics/metrics"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

const (
	minPassword = 8   // code points after NFC
	maxPassword = 128 // code points after NFC

	argonTime    = 2
	argonMemory  = 19 << 10 // KiB: 19 MiB, the first choice of OWASP for Argon2id
	argonThreads = 1
	argonKey     = 32
	argonSalt    = 16

	// HashMemory is what one password hash takes while it runs, in bytes.
	HashMemory = argonMemory << 10

	hashWait = 2 * time.Second // longest wait for a place
)

//go:embed common_passwords.txt
var commonPasswords string

// Hasher computes Argon2id within a memory bound: at most Slots hashes run at once, at most four times
// as many wait, at most two seconds.
type Hasher struct {
	running chan struct{}
	queued  chan struct{}
	dummy   string
	seconds *metrics.PrometheusHistogram // nil: nobody counts
}

// NewHasher makes a hasher with the given number of parallel hashes, at least 1.
func NewHasher(slots int) *Hasher {
	slots = max(slots, 1)
	h := &Hasher{running: make(chan struct{}, slots), queued: make(chan struct{}, 5*slots)}
	h.dummy = encodeHash(make([]byte, argonSalt), make([]byte, argonKey))
	return h
}

// Hash computes the encoded hash of a password, with a new salt. [ErrBusy].
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, argonSalt)
	rand.Read(salt)
	sum, err := h.sum(ctx, password, salt)
	if err != nil {
		return "", err
	}
	return encodeHash(salt, sum), nil
}

// Check reports whether password fits the encoded hash. An empty hash costs the same work and never
// fits, so that people without a password and unknown addresses cannot be told apart by time. [ErrBusy].
func (h *Hasher) Check(ctx context.Context, encoded, password string) (bool, error) {
	known := encoded != ""
	if !known {
		encoded = h.dummy
	}
	salt, want, err := decodeHash(encoded)
	if err != nil {
		return false, err
	}
	got, err := h.sum(ctx, password, salt)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && known, nil
}

func (h *Hasher) sum(ctx context.Context, password string, salt []byte) ([]byte, error) {
	ctx, span := trace.SpanFromContext(ctx).TracerProvider().Tracer("mana/provider/identity").Start(ctx, "hash")
	defer span.End()
	if h.seconds != nil {
		begin := time.Now()
		defer func() { h.seconds.Update(time.Since(begin).Seconds()) }()
	}
	select {
	case h.queued <- struct{}{}:
		defer func() { <-h.queued }()
	default:
		return nil, ErrBusy
	}
	timer := time.NewTimer(hashWait)
	defer timer.Stop()
	select {
	case h.running <- struct{}{}:
		defer func() { <-h.running }()
	case <-timer.C:
		return nil, ErrBusy
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	normal := norm.NFC.String(password)
	return argon2.IDKey([]byte(normal), salt, argonTime, argonMemory, argonThreads, argonKey), nil
}

// encodeHash writes the PHC string format: $argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>.
func encodeHash(salt, sum []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}

// decodeHash reads a hash with our parameters. A hash with others is an error: none was ever written.
func decodeHash(encoded string) (salt, sum []byte, err error) {
	prefix := fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, argonMemory, argonTime, argonThreads)
	rest, ok := strings.CutPrefix(encoded, prefix)
	saltText, sumText, found := strings.Cut(rest, "$")
	if !ok || !found {
		return nil, nil, fmt.Errorf("stored password hash has unknown parameters")
	}
	if salt, err = base64.RawStdEncoding.DecodeString(saltText); err != nil {
		return nil, nil, fmt.Errorf("reading the salt of a password hash: %w", err)
	}
	if sum, err = base64.RawStdEncoding.DecodeString(sumText); err != nil {
		return nil, nil, fmt.Errorf("reading a password hash: %w", err)
	}
	return salt, sum, nil
}

// CheckNewPassword holds a new password against the rules: 8 to 128 characters of any kind, not among
// the commonest, not the address, its local part or the product's name. [ErrPasswordLength],
// [ErrPasswordCommon].
func CheckNewPassword(password string, email Email) error {
	normal := norm.NFC.String(password)
	if n := utf8.RuneCountInString(normal); n < minPassword || n > maxPassword || !utf8.ValidString(password) {
		return ErrPasswordLength
	}
	folded := strings.ToLower(normal)
	if folded == string(email) || folded == email.Local() || folded == "manacore" || folded == "mana core" {
		return ErrPasswordCommon
	}
	if isCommon(folded) {
		return ErrPasswordCommon
	}
	return nil
}

// isCommon looks a lower-case password up in the embedded list, which is sorted by bytes and holds one
// password of 8 or more characters a line.
func isCommon(password string) bool {
	list := commonPasswords
	// Search the offset of the first line that is not smaller than password.
	at := sort.Search(len(list), func(i int) bool { return lineAt(list, i) >= password })
	return at < len(list) && lineAt(list, at) == password
}

// lineAt gives the line that holds the byte at i.
func lineAt(list string, i int) string {
	start := strings.LastIndexByte(list[:i], '\n') + 1
	end := strings.IndexByte(list[i:], '\n')
	if end < 0 {
		return list[start:]
	}
	return list[start : i+end]
}
