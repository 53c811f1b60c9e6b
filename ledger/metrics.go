package ledger

import (
	"context"
	"errors"
	"math/big"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// newOperations makes the counter of what was asked for and what became of it.
func newOperations(r prometheus.Registerer) *prometheus.CounterVec {
	return promauto.With(r).NewCounterVec(prometheus.CounterOpts{
		Name: "credits_operations_total", Help: "Requests that move credits, by type of transaction and result.",
	}, []string{"type", "result"})
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
		ErrNothingToRefund: "nothing_to_refund", ErrNoTransaction: "no_transaction", ErrBalanceLimit: "balance_limit",
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
	imbalance  prometheus.Gauge
	violations prometheus.Counter
	verified   prometheus.Gauge
}

func newChecks(r prometheus.Registerer) checks {
	with := promauto.With(r)
	return checks{
		imbalance: with.NewGauge(prometheus.GaugeOpts{
			Name: "ledger_imbalance", Help: "Trial balance in credits at the last pass over all wallets; 0 in a sound ledger.",
		}),
		violations: with.NewCounter(prometheus.CounterOpts{
			Name: "ledger_violations_total", Help: "Faults that checks found.",
		}),
		verified: with.NewGauge(prometheus.GaugeOpts{
			Name: "ledger_verified_timestamp_seconds", Help: "When the last complete pass over all wallets began.",
		}),
	}
}

// credits is a number of micro-credits as a metric.
func credits(micro *big.Int) float64 {
	value, _ := new(big.Rat).SetFrac(micro, big.NewInt(int64(Credit))).Float64()
	return value
}
