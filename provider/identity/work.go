package identity

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"time"

	"github.com/google/uuid"
)

// MaxWork is the hardest work that a browser is given, in bits. One more doubles it.
const MaxWork = 22

// ErrWork says that a form came without the work that was asked for, or with work that was shown before or took too long.
var ErrWork = errors.New("work is missing")

// Work is what a browser has to find before it may register: a text whose SHA-256, of Challenge, a full stop and the
// text, begins with so many zero bits.
type Work struct {
	Challenge string `json:"challenge"`
	Bits      int    `json:"bits"`
}

// SignupWork gives how hard it is to register, in bits. 0: it takes no work.
func (s *Service) SignupWork() int { return s.work }

// NewWork gives a browser work, which counts once, for five minutes, in this browser.
func (s *Service) NewWork(ctx context.Context, browser Secret) (Work, error) {
	work := Work{Challenge: string(NewSecret()), Bits: s.work}
	return work, s.store.StoreChallenge(ctx, Challenge{
		Hash: workHash(work.Challenge), Browser: browser.Hash(), UserID: uuid.Nil, Session: "{}",
		ExpiresAt: s.now().UTC().Truncate(time.Microsecond).Add(challengeLife),
	})
}

// CheckWork uses up the work of a browser: a challenge, a full stop and the text that was found. [ErrWork].
func (s *Service) CheckWork(ctx context.Context, browser Secret, done string) error {
	challenge, _, found := strings.Cut(done, ".")
	if !found || Secret(challenge).Hash() == nil || zeroBits(done) < s.work {
		return ErrWork
	}
	_, err := s.store.TakeChallenge(ctx, workHash(challenge), browser.Hash())
	if errors.Is(err, ErrPasskey) {
		return ErrWork
	}
	if err != nil {
		return fmt.Errorf("taking a challenge: %w", err)
	}
	return nil
}

// workHash is under what the challenge of work is stored; no challenge of a passkey has such a hash.
func workHash(challenge string) []byte {
	sum := sha256.Sum256([]byte("work\x00" + challenge))
	return sum[:]
}

// zeroBits counts the zero bits that the SHA-256 of a text begins with, up to 64.
func zeroBits(text string) int {
	sum := sha256.Sum256([]byte(text))
	return bits.LeadingZeros64(binary.BigEndian.Uint64(sum[:8]))
}
