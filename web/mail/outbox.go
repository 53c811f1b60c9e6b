package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"mana/provider/identity"
)

const (
	lease      = 2 * time.Minute // longer than a delivery takes at most
	roundMails = 100             // of one round
	maxFault   = 200             // bytes of an error that are kept
)

// pauses are between the attempts at one mail; the last is repeated until the mail is too old.
var pauses = []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}

// OutboxConfig is what an outbox needs. All fields are required.
type OutboxConfig struct {
	Store  identity.Outbox
	Writer Writer
	// Send hands a message over.
	Send    func(context.Context, Message) error
	Now     func() time.Time
	Logger  *slog.Logger
	Metrics *metrics.Set
	Traces  trace.TracerProvider
}

// Outbox sends what waits. It is safe for concurrent use, in several processes too.
type Outbox struct{ cfg OutboxConfig }

// NewOutbox makes an outbox.
func NewOutbox(cfg OutboxConfig) *Outbox { return &Outbox{cfg} }

// Deliver sends the mails that are due, one after the other. A mail that is not taken is tried again later; the error
// is of the last one.
func (o *Outbox) Deliver(ctx context.Context) error {
	var fault error
	for range roundMails {
		mail, err := o.cfg.Store.LeaseMail(ctx, lease)
		if errors.Is(err, identity.ErrNotFound) {
			break
		}
		if err != nil {
			return fmt.Errorf("looking for mails: %w", err)
		}
		if err := o.deliver(ctx, mail); err != nil {
			fault = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return fault
}

// deliver makes one attempt. Its outcome is noted even when ctx has ended meanwhile.
func (o *Outbox) deliver(ctx context.Context, m identity.Mail) error {
	ctx, span := o.cfg.Traces.Tracer("mana/web/mail").Start(ctx, "deliver mail "+string(m.Kind), trace.WithNewRoot())
	defer span.End()
	limited, cancel := context.WithTimeout(ctx, lease/2)
	defer cancel()
	message, err := o.cfg.Writer.Write(limited, m)
	if err == nil {
		err = o.cfg.Send(limited, message)
	}
	ctx = context.WithoutCancel(ctx)
	if err == nil {
		o.count(m, "sent")
		return o.cfg.Store.MailSent(ctx, m)
	}
	o.count(m, "failed")
	span.SetStatus(codes.Error, "not taken") // the error may name whom it was for
	again := o.cfg.Now().Add(pauses[min(m.Attempts, len(pauses))-1])
	if Final(err) {
		again = time.Time{}
	}
	return errors.Join(err, o.cfg.Store.MailFailed(ctx, m, cut(err.Error()), again))
}

func (o *Outbox) count(m identity.Mail, result string) {
	o.cfg.Metrics.GetOrCreateCounter(fmt.Sprintf(`mails_total{kind=%q,result=%q}`, m.Kind, result)).Inc()
}

func cut(text string) string { return text[:min(len(text), maxFault)] }
