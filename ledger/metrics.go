package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/VictoriaMetrics/metrics"
)

// countOperation counts a request that moves credits, and what became of it.
func countOperation(set *metrics.Set, of Type, result string) {
	set.GetOrCreateCounter(fmt.Sprintf(`credits_operations_total{type=%q,result=%q}`, of, result)).Inc()
}

// resultOf is the label of an outcome.
func resultOf(r Receipt, err error) string {
	switch {
	case err == nil && r.Replayed:
		return "replayed"
	case err == nil:
		return "applied"
	}
	for sentinel, label := range map[error]string{
		ErrInsufficient: "insufficient", ErrDebt: "debt", ErrKeyReused: "key_reused", ErrInProgress: "in_progress",
		ErrNothingToRefund: "nothing_to_refund", ErrBalanceLimit: "balance_limit",
		ErrNoHold: "no_hold", ErrNotOpen: "not_open", ErrTooMuch: "too_much", ErrHoldLimit: "hold_limit",
		ErrFrozen: "frozen", ErrClosed: "closed", ErrNoWallet: "no_wallet", ErrAmount: "amount", ErrReason: "reason",
		context.Canceled: "canceled", context.DeadlineExceeded: "canceled",
	} {
		if errors.Is(err, sentinel) {
			return label
		}
	}
	return "failed"
}

// checks are what a checker tells.
type checks struct {
	imbalance  *metrics.Gauge   // trial balance in credits at the last pass over all wallets; 0 in a sound ledger
	violations *metrics.Counter // faults that checks found
	verified   *metrics.Gauge   // when the last complete pass over all wallets began
}

func newChecks(set *metrics.Set) checks {
	if set == nil {
		set = metrics.NewSet()
	}
	return checks{
		imbalance:  set.NewGauge("ledger_imbalance", nil),
		violations: set.NewCounter("ledger_violations_total"),
		verified:   set.NewGauge("ledger_verified_timestamp_seconds", nil),
	}
}

// credits is a number of micro-credits as a metric.
func credits(micro *big.Int) float64 {
	value, _ := new(big.Rat).SetFrac(micro, big.NewInt(int64(Credit))).Float64()
	return value
}
