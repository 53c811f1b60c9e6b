package web

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ulule/limiter/v3"
)

// The classes of limits. Those of a person and of failed sign-ins per account are counted elsewhere.
const (
	classLogin     = "login"     // failed sign-ins of an address
	classPasskey   = "passkey"   // of an address: options and answers
	classSignup    = "signup"    // of an address
	classSignupDay = "signupday" // of an address
	classMail      = "mail"      // calls of an address that send mails
	classAccount   = "account"   // of a person
	classRefresh   = "refresh"   // of a family of refresh tokens
	classRefreshIP = "refreship" // of an address
	classSpend     = "spend"     // of a person and caller
	classRead      = "read"      // of a person
	classPurchase  = "purchase"  // of a person: purchases; withdrawals, without a session of an address
	classBearer    = "bearer"    // of a person: all calls with a token
	classService   = "service"   // of a service key, unless the key has its own rate
	classAdmin     = "admin"     // of a client: calls of the administration API
	classPublic    = "public"    // of an address
	classClient    = "client"    // of a client: answers of the endpoints for programs; without a secret of its address too
	classToken     = "token"     // failed authentications of a client at an address
	classTokenIP   = "tokenip"   // failed client authentications of an address
	classBrowser   = "authorize" // pages of an address
	classEdge      = "edge"      // what an edge forwards of an address
)

// Limits are the rates of all classes.
type Limits map[string]limiter.Rate

// ParseLimits gives the default limits with the overrides of a list such as "signup=10/3600,spend=100/60":
// count per seconds. publicMax and publicPeriod are those of the class public. The error names what is wrong.
func ParseLimits(overrides string, publicMax int, publicPeriod time.Duration) (Limits, error) {
	rate := func(limit int64, period time.Duration) limiter.Rate {
		return limiter.Rate{Limit: limit, Period: period}
	}
	limits := Limits{
		classLogin: rate(50, 15*time.Minute), classSignup: rate(10, time.Hour), classSignupDay: rate(100, 24*time.Hour),
		classMail: rate(20, time.Hour), classAccount: rate(60, time.Minute), classPasskey: rate(60, time.Minute),
		classRefresh: rate(120, time.Minute), classRefreshIP: rate(600, time.Minute),
		classSpend: rate(100, time.Minute), classRead: rate(300, time.Minute), classPurchase: rate(10, time.Hour), classBearer: rate(1000, time.Minute),
		classService: rate(6000, time.Minute), classAdmin: rate(600, time.Minute), classPublic: rate(int64(publicMax), publicPeriod),
		classClient: rate(6000, time.Minute), classToken: rate(120, time.Minute), classTokenIP: rate(1200, time.Minute),
		classBrowser: rate(300, time.Minute), classEdge: rate(6000, time.Minute),
	}
	if overrides == "" {
		return limits, nil
	}
	for item := range strings.SplitSeq(overrides, ",") {
		class, value, _ := strings.Cut(strings.TrimSpace(item), "=")
		count, seconds, _ := strings.Cut(value, "/")
		n, err := strconv.ParseUint(count, 10, 31)
		period, periodErr := strconv.ParseUint(seconds, 10, 31)
		if err != nil || periodErr != nil || n == 0 || period == 0 {
			return nil, fmt.Errorf("%q is not class=count/seconds", item)
		}
		if _, known := limits[class]; !known {
			known := slices.Sorted(maps.Keys(limits))
			return nil, fmt.Errorf("class %q does not exist; there are %s", class, strings.Join(known, ", "))
		}
		limits[class] = rate(int64(n), time.Duration(period)*time.Second)
	}
	return limits, nil
}

// counts applies the limits.
type counts struct {
	limits Limits
	store  interface { // a [limiter.Store], as far as it is used
		Increment(ctx context.Context, key string, count int64, rate limiter.Rate) (limiter.Context, error)
	}
	now    func() time.Time
	passes func(class string) // called when a limit was found passed
}

// newCounts counts in memory, or in what processes share.
func newCounts(cfg Config, passes func(class string)) *counts {
	own := newMemoryStore(cfg.Now)
	c := &counts{limits: cfg.Limits, store: own, now: cfg.Now, passes: passes}
	if cfg.SharedLimits != nil {
		c.store = &sharedStore{cfg.SharedLimits, own}
	}
	return c
}

// take counts one use of a class by key. It gives how long to wait when the limit is passed, else 0.
func (c *counts) take(ctx context.Context, class, key string) time.Duration {
	return c.add(ctx, class, key, 1)
}

// takeUpTo counts one use of a class by key, up to a rate of its own if there is one.
func (c *counts) takeUpTo(ctx context.Context, class, key string, perMinute int) time.Duration {
	rate := c.limits[class]
	if perMinute > 0 {
		rate = limiter.Rate{Limit: int64(perMinute), Period: time.Minute}
	}
	return c.count(ctx, class, key, 1, rate)
}

// passed gives how long to wait when the limit of a class is passed by key, else 0. It counts nothing.
func (c *counts) passed(ctx context.Context, class, key string) time.Duration {
	return c.add(ctx, class, key, 0)
}

// giveBack takes a count back: what was counted did not happen.
func (c *counts) giveBack(ctx context.Context, class, key string) {
	c.add(ctx, class, key, -1)
}

func (c *counts) add(ctx context.Context, class, key string, n int64) time.Duration {
	return c.count(ctx, class, key, n, c.limits[class])
}

func (c *counts) count(ctx context.Context, class, key string, n int64, rate limiter.Rate) time.Duration {
	state, err := c.store.Increment(ctx, class+" "+key, n, rate)
	if err != nil || !state.Reached && (n != 0 || state.Remaining > 0) {
		return 0 // neither store fails
	}
	if n >= 0 {
		c.passes(class)
	}
	return max(time.Second, time.Unix(state.Reset, 0).Sub(c.now()))
}

// retryAfter writes the header of a refusal that ends by time.
func retryAfter(header http.Header, wait time.Duration) {
	header.Set("Retry-After", strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10))
}
