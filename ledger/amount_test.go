package ledger

import (
	"strings"
	"testing"
)

func TestParseAmount(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Amount{
		"1": Credit, "0.02": 20_000, "10.0": 10 * Credit, "1000000": MaxOperation, "0.000001": 1, "999999.999999": MaxOperation - 1,
	} {
		if got, err := ParseAmount([]byte(text)); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "0", "0.0", "-1", "+1", "1e2", "1E2", "0.0000001", "1000001", "1000000.000001", "NaN", `"1"`, "[1]", "01", "1.", ".5", "1.2.3",
		"99999999999999999999", " 1", "1 ", "１",
	} {
		if got, err := ParseAmount([]byte(text)); err == nil {
			t.Errorf("%q: got %d, want a refusal", text, got)
		}
	}
}

func TestAmountString(t *testing.T) {
	t.Parallel()
	for amount, want := range map[Amount]string{
		0: "0", 140 * Credit: "140", 20_000: "0.02", -10 * Credit: "-10", 1: "0.000001", -1: "-0.000001",
		MaxWallet: "999999999.999999", 1_500_000: "1.5", -9223372036854775808: "-9223372036854.775808",
	} {
		if got := amount.String(); got != want {
			t.Errorf("%d: got %s, want %s", int64(amount), got, want)
		}
	}
}

func FuzzAmount(f *testing.F) {
	for _, seed := range []string{"1", "0.02", "1000000", "1e2", "-0", "00", "1.0000000"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		amount, err := ParseAmount([]byte(text))
		if err != nil {
			return
		}
		if amount <= 0 || amount > MaxOperation || strings.ContainsAny(text, "eE+- ") {
			t.Fatalf("%q: got %d", text, amount)
		}
		if again, err := ParseAmount([]byte(amount.String())); err != nil || again != amount {
			t.Fatalf("%q: got %d, then %d, %v", text, amount, again, err)
		}
	})
}

func FuzzCanonicalMetadata(f *testing.F) {
	f.Add([]byte(`{"b":1,"a":[1.0,{"y":null,"x":"\u00e9"}]}`))
	f.Add([]byte(`{"a":1e400}`))
	f.Fuzz(func(t *testing.T, metadata []byte) {
		once, err := canonical(metadata)
		if err != nil {
			return
		}
		twice, err := canonical(once)
		if err != nil || string(twice) != string(once) {
			t.Fatalf("%s: got %s, then %s, %v", metadata, once, twice, err)
		}
	})
}
