package ui

import (
	"context"
	"strconv"
	"strings"
	"time"

	"mana/ledger"
	"mana/web/page"
)

// noBreak keeps a number and its unit on one line.
const noBreak = "\u00a0"

// Number writes a whole number for people: groups of thousands, a true minus sign.
func Number(ctx context.Context, n int64) string { return decimal(ctx, strconv.FormatInt(n, 10)) }

// Credits writes an amount for people, as [Number] does.
func Credits(ctx context.Context, a ledger.Amount) string { return decimal(ctx, a.String()) }

// Signed is [Credits] with a sign always.
func Signed(ctx context.Context, a ledger.Amount) string {
	if a > 0 {
		return "+" + Credits(ctx, a)
	}
	return Credits(ctx, a)
}

// decimal writes the plain form of a number, such as -1234.5, as the language of the request does.
func decimal(ctx context.Context, plain string) string {
	group, point := ",", "."
	if page.From(ctx).Language() == page.German {
		group, point = ".", ","
	}
	sign := ""
	if rest, negative := strings.CutPrefix(plain, "-"); negative {
		sign, plain = "−", rest
	}
	whole, fraction, _ := strings.Cut(plain, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + group + whole[i:]
	}
	if fraction != "" {
		whole += point + fraction
	}
	return sign + whole
}

// Money writes an amount of a currency with two decimals, given in its smallest unit: €5.00 and 5,00 €. A currency
// without a sign of its own here shows its code (ISO 4217).
func Money(ctx context.Context, minor int64, currency string) string {
	currency = strings.ToUpper(currency)
	sign, plain := "", strconv.FormatInt(minor, 10)
	if minor < 0 {
		sign, plain = "-", plain[1:]
	}
	plain = strings.Repeat("0", max(0, 3-len(plain))) + plain
	number := decimal(ctx, sign+plain[:len(plain)-2]+"."+plain[len(plain)-2:])
	symbol, known := map[string]string{"EUR": "€", "USD": "$", "GBP": "£"}[currency]
	switch {
	case page.From(ctx).Language() == page.German && known:
		return number + noBreak + symbol
	case !known:
		return number + noBreak + currency
	}
	if rest, negative := strings.CutPrefix(number, "−"); negative {
		return "−" + symbol + rest
	}
	return symbol + number
}

// When writes a time for people in the zone of the request, which it names.
func When(ctx context.Context, t time.Time) string {
	t = t.In(page.From(ctx).Zone())
	return day(ctx, t) + ", " + t.Format("15:04") + noBreak + t.Format("MST")
}

// Day writes a date for people in the zone of the request.
func Day(ctx context.Context, t time.Time) string { return day(ctx, t.In(page.From(ctx).Zone())) }

func day(ctx context.Context, t time.Time) string {
	if page.From(ctx).Language() != page.German {
		return t.Format("2 Jan 2006")
	}
	months := [...]string{"Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."}
	return t.Format("2. ") + months[t.Month()-1] + t.Format(" 2006")
}

func machineTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Span writes a length of time for people, rounded up: in seconds up to two minutes, then in minutes, in hours from
// two hours and in days from two days.
func Span(ctx context.Context, d time.Duration) string {
	const day = 24 * time.Hour
	key, unit := Seconds, time.Second
	switch {
	case d > 2*day:
		key, unit = Days, day
	case d > 2*time.Hour:
		key, unit = Hours, time.Hour
	case d > 2*time.Minute:
		key, unit = Minutes, time.Minute
	}
	return Count(ctx, key, int64((d+unit-1)/unit))
}
