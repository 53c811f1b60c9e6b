package ui

import (
	"context"
	"time"

	"mana/ledger"
)

// UsageByDay draws what apps charged on n days from one on, days since 1970, UTC. It has neither title nor description.
func UsageByDay(ctx context.Context, from int64, n int, days []ledger.UsageDay) Chart {
	labels, values := make([]string, n), make([]int64, n)
	for i := range labels {
		labels[i] = day(ctx, time.Unix((from+int64(i))*24*60*60, 0).UTC())
	}
	for _, u := range days {
		if i := u.Day - from; i >= 0 && i < int64(n) {
			values[i] += int64(u.Used)
		}
	}
	return Chart{
		ID: "usage-days", Column: T(ctx, ColumnWhen), Labels: labels,
		Series: []Series{{Name: T(ctx, UsageSeries), Values: values}},
		Text:   func(ctx context.Context, value int64) string { return Credits(ctx, ledger.Amount(value)) },
	}
}
