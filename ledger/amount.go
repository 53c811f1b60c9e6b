package ledger

import (
	"math"
	"strconv"
)

// Amount is a number of micro-credits: one credit is 1,000,000. It is never a float.
type Amount int64

// Bounds of amounts.
const (
	Credit       Amount = 1_000_000
	MaxOperation        = 1_000_000 * Credit  // of one operation
	MaxWallet    Amount = 999_999_999_999_999 // of free + paid + held together
	decimals            = 6
	maxWhole            = 1_000_000
)

// ParseAmount reads the raw token of a JSON number: digits without leading zeros, optionally a point and 1
// to 6 digits, no sign, no exponent; greater than 0 and at most 1,000,000. [ErrAmount].
func ParseAmount(raw []byte) (Amount, error) {
	amount, err := scan(string(raw))
	if err != nil || amount == 0 {
		return 0, ErrAmount
	}
	return amount, nil
}

// ParseSetting reads a decimal of 0 to 1,000,000 with at most 6 places. [ErrAmount].
func ParseSetting(text string) (Amount, error) { return scan(text) }

// scan reads (0|[1-9][0-9]*)(\.[0-9]{1,6})? up to 1,000,000.
func scan(text string) (Amount, error) {
	whole, i := Amount(0), 0
	for ; i < len(text) && isDigit(text[i]); i++ {
		if whole = whole*10 + Amount(text[i]-'0'); whole > maxWhole {
			return 0, ErrAmount
		}
	}
	if i == 0 || i > 1 && text[0] == '0' {
		return 0, ErrAmount
	}
	micro := whole * Credit
	if i < len(text) {
		fraction := text[i+1:]
		if text[i] != '.' || len(fraction) == 0 || len(fraction) > decimals {
			return 0, ErrAmount
		}
		unit := Credit
		for j := range len(fraction) {
			if !isDigit(fraction[j]) {
				return 0, ErrAmount
			}
			unit /= 10
			micro += Amount(fraction[j]-'0') * unit
		}
	}
	if micro > MaxOperation {
		return 0, ErrAmount
	}
	return micro, nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// String writes the shortest decimal: no exponent, no trailing zeros, no point when whole.
func (a Amount) String() string { return string(a.append(nil)) }

// MarshalJSON writes a JSON number in the form of [Amount.String].
func (a Amount) MarshalJSON() ([]byte, error) { return a.append(nil), nil }

func (a Amount) append(out []byte) []byte {
	n := uint64(a)
	if a < 0 {
		out = append(out, '-')
		n = -n
	}
	out = strconv.AppendUint(out, n/uint64(Credit), 10)
	fraction := n % uint64(Credit)
	if fraction == 0 {
		return out
	}
	digits := strconv.AppendUint(nil, fraction+uint64(Credit), 10) // a leading 1 keeps the zeros
	end := len(digits)
	for digits[end-1] == '0' {
		end--
	}
	return append(append(out, '.'), digits[1:end]...)
}

// add is a + b. It reports whether the sum is an int64.
func add(a, b Amount) (Amount, bool) {
	if b > 0 && a > math.MaxInt64-b || b < 0 && a < math.MinInt64-b {
		return 0, false
	}
	return a + b, true
}
