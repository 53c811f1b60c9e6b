package identity

import (
	"context"
	"errors"
	"fmt"

	"github.com/VictoriaMetrics/metrics"
)

// counts are what people try, by what came of it. Labels are closed sets.
type counts struct{ set *metrics.Set }

func newCounts(set *metrics.Set, h *Hasher) counts {
	if set == nil {
		return counts{metrics.NewSet()}
	}
	h.watch(set)
	for _, result := range []string{"success", "refused", "locked", "unverified", "busy", "failed"} { // so that the first one is a change
		set.GetOrCreateCounter(fmt.Sprintf(`auth_logins_total{result=%q}`, result))
	}
	return counts{set}
}

// login counts a sign-in.
func (c counts) login(err error) {
	c.set.GetOrCreateCounter(fmt.Sprintf(`auth_logins_total{result=%q}`, resultOf(err))).Inc()
}

// signup counts a registration.
func (c counts) signup(err error) {
	c.set.GetOrCreateCounter(fmt.Sprintf(`auth_signups_total{result=%q}`, resultOf(err))).Inc()
}

// The kinds of a second factor, and of what stands for two.
const (
	kindTOTP     = "totp"
	kindRecovery = "recovery"
	kindPasskey  = "passkey"
)

// factor counts the proof of a factor.
func (c counts) factor(kind string, err error) {
	c.set.GetOrCreateCounter(fmt.Sprintf(`auth_factors_total{kind=%q,result=%q}`, kind, resultOf(err))).Inc()
}

// CountLogin counts a sign-in that another package ends.
func (s *Service) CountLogin(err error) { s.counts.login(err) }

// resultOf is the label of an outcome: a closed set, of which all but "failed" and "busy" are the person's doing.
func resultOf(err error) string {
	if err == nil {
		return "success"
	}
	if _, locked := errors.AsType[*LockedError](err); locked {
		return "locked"
	}
	for sentinel, label := range map[error]string{
		ErrCredentials: "refused", ErrPasskey: "refused", ErrPasskeyCopied: "refused", ErrCodeWrong: "refused", ErrCodeUsed: "refused",
		ErrNoEmail: "refused", ErrLinkFirst: "refused", ErrSignupClosed: "closed",
		ErrBusy: "busy", ErrUnverified: "unverified", ErrNoSignIn: "expired", ErrEmailTaken: "taken",
		ErrEmail: "invalid", ErrName: "invalid", ErrPasswordLength: "invalid", ErrPasswordCommon: "invalid", ErrPasswordBreached: "invalid",
		context.Canceled: "canceled", context.DeadlineExceeded: "canceled",
	} {
		if errors.Is(err, sentinel) {
			return label
		}
	}
	return "failed"
}

// watch registers how long hashing takes, waiting included, and how many wait.
func (h *Hasher) watch(set *metrics.Set) {
	h.seconds = set.NewPrometheusHistogramExt("auth_hash_seconds", []float64{.01, .025, .05, .1, .25, .5, 1, 2, 5})
	set.NewGauge("auth_hash_waiting", func() float64 { return float64(max(0, len(h.queued)-len(h.running))) })
}
