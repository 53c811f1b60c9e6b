package storagetest

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"mana/ledger"
)

// commandLog makes commands that look random and are the same each time.
type commandLog struct {
	state   uint64
	userID  uuid.UUID
	uses    []uuid.UUID
	done    map[error]int
	replays int
}

func newLog(userID uuid.UUID) *commandLog {
	return &commandLog{state: 1, userID: userID, done: make(map[error]int)}
}

// below is the next number from 0 to n - 1 (xorshift).
func (l *commandLog) below(n uint64) int {
	l.state ^= l.state << 13
	l.state ^= l.state >> 7
	l.state ^= l.state << 17
	return int(l.state % n)
}

// next is how long to wait, and what to do then.
func (l *commandLog) next() (time.Duration, func(*ledger.Ledger) (ledger.Receipt, error)) {
	wait := time.Duration(l.below(3*3600)) * time.Second
	amount := ledger.Amount(1+l.below(8_000_000)) / 500_000 * 500_000
	key, app := "", fmt.Sprint("app-", l.below(2))
	if l.below(3) == 0 {
		key = fmt.Sprint("k-", l.below(40))
	}
	kind, named := l.below(8), l.below(2) == 0
	return wait, func(credits *ledger.Ledger) (ledger.Receipt, error) {
		switch {
		case kind == 0:
			return credits.Adjust(context.Background(), ledger.Adjustment{UserID: l.userID, Amount: 3 * amount, Class: ledger.Paid, Reason: app, IdempotencyKey: "k-" + key, Actor: actor})
		case kind == 1:
			return credits.Adjust(context.Background(), ledger.Adjustment{UserID: l.userID, Amount: -amount, Reason: app, IdempotencyKey: "t-" + key, Actor: actor})
		case kind <= 3:
			r := ledger.Refund{UserID: l.userID, Amount: amount, AppID: app, Caller: "app", IdempotencyKey: key}
			if named && len(l.uses) > 0 {
				r.TransactionID = l.uses[len(l.uses)/2]
			}
			return credits.Refund(context.Background(), r)
		}
		return credits.Use(context.Background(), ledger.Use{
			UserID: l.userID, Amount: amount, AppID: app, Description: "x", Metadata: []byte(`{"a":1}`), Caller: "app", IdempotencyKey: key,
		})
	}
}

// note remembers what came of the last command.
func (l *commandLog) note(err error, r ledger.Receipt) {
	l.done[err]++
	if r.Replayed {
		l.replays++
	}
	if err == nil && r.Transaction.Type == ledger.TypeUsage && !r.Replayed {
		l.uses = append(l.uses, r.Transaction.ID)
	}
}
