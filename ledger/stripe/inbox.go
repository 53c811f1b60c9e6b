package stripe

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
)

const maxID = 255 // bytes of an event's id and type

// Receive stores an event that is signed, and settles it at once if it can; else the job does. An error means that it
// is not stored: [ErrOff], [ErrSignature], or the store's.
func (s *Shop) Receive(ctx context.Context, header string, body []byte) error {
	if len(s.Secrets) == 0 {
		return ErrOff
	}
	now := s.Now()
	if err := verify(header, body, s.Secrets, now); err != nil {
		s.count("other", "refused")
		return err
	}
	e := arrived(body, now)
	fresh, settled, err := s.take(ctx, e)
	switch {
	case err != nil:
		return err
	case !fresh:
		s.count(kindOf(e.Type), "repeated")
	case settled.Outcome != "":
		s.tell(e, settled)
	default:
		if err := s.process(context.WithoutCancel(ctx), e); err != nil {
			s.Logger.Warn("an event waits", "event", e.ID, "type", kindOf(e.Type), "error", err)
		}
	}
	return nil
}

// take stores an event together with what it settles, or alone where that cannot be.
func (s *Shop) take(ctx context.Context, e ledger.StripeEvent) (fresh bool, settled ledger.Settled, err error) {
	if fact, ok, err := read(e.Body); err == nil && ok {
		fact.EventID = e.ID
		x, err := settling(fact)
		if err == nil {
			fresh, settled, err = s.Inbox.Take(ctx, e, x)
		}
		if err == nil {
			return fresh, settled, nil
		}
	}
	fresh, err = s.Inbox.Receive(ctx, e)
	return fresh, ledger.Settled{}, err
}

// arrived is an event as it is stored. One without an id that can be kept gets one of its body.
func arrived(body []byte, now time.Time) ledger.StripeEvent {
	var head struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	}
	_ = json.Unmarshal(body, &head) // an event that cannot be read is stored too
	e := ledger.StripeEvent{ID: head.ID, Type: head.Type, Body: body, ReceivedAt: now}
	if e.ID == "" || len(e.ID) > maxID || strings.ContainsRune(e.ID, 0) {
		sum := sha256.Sum256(body)
		e.ID = "sha256:" + hex.EncodeToString(sum[:])
	}
	e.Type = strings.ToValidUTF8(strings.ReplaceAll(e.Type[:min(len(e.Type), maxID)], "\x00", ""), "")
	return e
}

// process settles a stored event, or ends it when it tells nothing of a payment.
func (s *Shop) process(ctx context.Context, e ledger.StripeEvent) error {
	fact, ok, err := read(e.Body)
	kind := kindOf(e.Type)
	if err != nil {
		s.Logger.Error("an event is in quarantine", "event", e.ID, "type", kind, "reason", ledger.ReasonUnreadable)
		s.count(kind, string(ledger.OutcomeQuarantined))
		return s.Inbox.Dismiss(ctx, e.ID, ledger.OutcomeQuarantined, ledger.ReasonUnreadable)
	}
	if !ok {
		s.count(kind, string(ledger.OutcomeIgnored))
		return s.Inbox.Dismiss(ctx, e.ID, ledger.OutcomeIgnored, "")
	}
	fact.EventID = e.ID
	settled, err := s.settle(ctx, fact)
	if err != nil {
		s.count(kind, "failed")
		return err
	}
	s.tell(e, settled)
	return nil
}

// tell counts what became of an event, and logs what is to be looked at.
func (s *Shop) tell(e ledger.StripeEvent, settled ledger.Settled) {
	kind := kindOf(e.Type)
	if settled.Outcome == ledger.OutcomeQuarantined {
		s.Logger.Error("an event is in quarantine", "event", e.ID, "type", kind, "reason", settled.Reason)
	}
	s.count(kind, string(settled.Outcome))
}

// settle takes a fact in.
func (s *Shop) settle(ctx context.Context, f ledger.Fact) (ledger.Settled, error) {
	x, err := settling(f)
	if err != nil {
		return ledger.Settled{}, err
	}
	return s.Inbox.Settle(ctx, x)
}

func settling(f ledger.Fact) (ledger.Settling, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return ledger.Settling{}, fmt.Errorf("making an id: %w", err)
	}
	return ledger.Settling{TransactionID: id, Fact: f}, nil
}

func (s *Shop) count(kind, result string) {
	s.Metrics.GetOrCreateCounter(fmt.Sprintf(`stripe_events_total{type=%q,result=%q}`, kind, result)).Inc()
}

// gauges are what was under way when the job looked last.
type gauges struct {
	oldest                       atomic.Int64 // microseconds since 1970; 0: no event waits
	pending, quarantined, differ atomic.Int64
	balance                      atomic.Pointer[Balance] // nil: not compared yet
}

// watch registers the gauges.
func (s *Shop) watch() {
	s.Metrics.NewGauge("stripe_event_lag_seconds", func() float64 {
		oldest := s.backlog.oldest.Load()
		if oldest == 0 {
			return 0
		}
		return max(0, s.Now().Sub(time.UnixMicro(oldest)).Seconds())
	})
	s.Metrics.NewGauge("stripe_purchases_pending", func() float64 { return float64(s.backlog.pending.Load()) })
	s.Metrics.NewGauge("stripe_quarantined", func() float64 { return float64(s.backlog.quarantined.Load()) })
	s.Metrics.NewGauge("stripe_balance_differences", func() float64 { return float64(s.Balance().Count) })
	s.Metrics.NewGauge("stripe_balance_compared_timestamp_seconds", func() float64 {
		if at := s.Balance().At; !at.IsZero() {
			return float64(at.Unix())
		}
		return 0
	})
	s.Metrics.NewGauge("stripe_differences", func() float64 { return float64(s.backlog.differ.Load()) })
}

const (
	roundRows = 100 // of one page of work
	maxRounds = 100 // pages of one run
	maxFaults = 10  // of one run, before it ends: Stripe is away
	// refundPause is how long a refund waits that could not be asked for.
	refundPause = 10 * time.Minute
)

// Work settles the events that wait, asks for the refunds that are due, and cancels purchases that waited too long. It
// is repeated by a job, of several processes too: each step is idempotent.
func (s *Shop) Work(ctx context.Context) error {
	return errors.Join(s.workEvents(ctx), s.workRefunds(ctx), s.workExpired(ctx), s.look(ctx))
}

func (s *Shop) workEvents(ctx context.Context) (fault error) {
	var after ledger.StripeEvent
	for range maxRounds {
		events, err := s.Inbox.Waiting(ctx, after, roundRows)
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := s.process(ctx, e); err != nil {
				fault = fmt.Errorf("settling event %s: %w", e.ID, err) // the next ones may do
			}
		}
		if len(events) < roundRows || ctx.Err() != nil {
			return fault
		}
		after = events[len(events)-1]
	}
	return fault
}

// workRefunds asks Stripe for the refunds that are due. One that fails stands behind the others, and is tried again
// after a while.
func (s *Shop) workRefunds(ctx context.Context) (fault error) {
	if s.desk == nil {
		return nil
	}
	now, after, faults := s.Now(), uuid.Nil, 0
	maps.DeleteFunc(s.failed, func(_ uuid.UUID, until time.Time) bool { return !now.Before(until) })
	for range maxRounds {
		asked, err := s.Payments.AskedRefunds(ctx, after, roundRows)
		if err != nil {
			return err
		}
		for _, r := range asked {
			if after = r.RequestID; now.Before(s.failed[r.RequestID]) {
				continue
			}
			err := s.askRefund(ctx, r)
			if err == nil {
				continue
			}
			fault, s.failed[r.RequestID] = fmt.Errorf("refund %s: %w", r.RequestID, err), now.Add(refundPause)
			if faults++; faults == maxFaults || ctx.Err() != nil {
				return fault
			}
		}
		if len(asked) < roundRows {
			return fault
		}
	}
	return fault
}

// askRefund asks Stripe outside of any transaction, and takes in what it answers.
func (s *Shop) askRefund(ctx context.Context, r ledger.AskedRefund) error {
	refund, err := s.desk.refund(ctx, r)
	if err != nil {
		return err
	}
	if refund.State == ledger.RefundFailed {
		s.Logger.Error("Stripe refuses a refund", "purchase", r.PurchaseID, "refund", r.RequestID)
	}
	settled, err := s.settle(ctx, ledger.Fact{
		Kind: ledger.FactRefund, PurchaseID: r.PurchaseID, Payment: ledger.Payment{IntentID: r.IntentID},
		Currency: ledger.Euro, Livemode: s.Key.Live(), Refund: refund,
	})
	if err == nil && settled.Outcome == ledger.OutcomeQuarantined {
		err = fmt.Errorf("what became of it cannot be noted: %s", settled.Reason)
	}
	return err
}

func (s *Shop) workExpired(ctx context.Context) error {
	for range maxRounds {
		n, err := s.Purchases.CancelExpired(ctx, roundRows)
		if err != nil || n < roundRows {
			return err
		}
	}
	return nil
}

// look notes what is under way.
func (s *Shop) look(ctx context.Context) error {
	b, err := s.Payments.Backlog(ctx)
	if err != nil {
		return err
	}
	oldest := int64(0)
	if !b.Oldest.IsZero() {
		oldest = b.Oldest.UnixMicro()
	}
	s.backlog.oldest.Store(oldest)
	s.backlog.pending.Store(b.Pending)
	s.backlog.quarantined.Store(b.Quarantined)
	return nil
}
