package stripe

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"mana/ledger"
)

var purchaseID = uuid.MustParse("0199a000-0000-7000-8000-000000000001")

// event is an event around an object, as a version of the API writes it.
func event(kind, version, object string) []byte {
	return fmt.Appendf(nil, `{"id":"evt_1","object":"event","type":%q,"api_version":%q,"livemode":false,"data":{"object":%s}}`, kind, version, object)
}

// TestRead reads what each type of event tells, of the pinned version of the API and of newer ones.
func TestRead(t *testing.T) {
	t.Parallel()
	const meta = `"currency":"eur","metadata":{"purchaseId":"0199a000-0000-7000-8000-000000000001"}`
	intent := func(rest string) string {
		return `{"object":"payment_intent","id":"pi_1","customer":"cus_1",` + meta + `,` + rest + `}`
	}
	session := func(rest string) string {
		return `{"object":"checkout.session","id":"cs_1","payment_intent":{"id":"pi_1","object":"payment_intent"},` + meta + `,` + rest + `}`
	}
	dispute := func(rest string) string {
		return `{"object":"dispute","id":"dp_1","payment_intent":"pi_1","amount":500,"currency":"eur","metadata":{},` + rest + `}`
	}
	refund := func(rest string) string {
		return `{"object":"refund","id":"re_1","payment_intent":"pi_1","amount":120,"currency":"eur",` + rest + `}`
	}
	for _, c := range []struct {
		kind, object string
		want         string // kind, cents, state; empty: it tells nothing
	}{
		{"payment_intent.succeeded", intent(`"status":"succeeded","amount":500,"amount_received":500`), "paid 500"},
		{"payment_intent.payment_failed", intent(`"status":"requires_payment_method","amount_received":0`), "failed 0"},
		{"payment_intent.canceled", intent(`"status":"canceled","amount_received":0`), "cancelled 0"},
		{"checkout.session.completed", session(`"payment_status":"paid","status":"complete","amount_total":500`), "paid 500"},
		{"checkout.session.completed", session(`"payment_status":"unpaid","status":"complete","amount_total":500`), ""},
		{"checkout.session.completed", session(`"payment_status":"no_payment_required","status":"complete","amount_total":0`), ""},
		{"checkout.session.async_payment_succeeded", session(`"payment_status":"paid","status":"complete","amount_total":500`), "paid 500"},
		{"checkout.session.async_payment_failed", session(`"payment_status":"unpaid","status":"complete","amount_total":500`), "failed 0"},
		{"checkout.session.expired", session(`"payment_status":"unpaid","status":"expired","amount_total":500`), "cancelled 0"},
		{"charge.refunded", `{"object":"charge","id":"ch_1","payment_intent":"pi_1","amount":500,"amount_refunded":120,` + meta + `}`, "refunded 120"},
		{"charge.refund.updated", refund(`"status":"succeeded"`), "refund 120 succeeded"},
		{"refund.updated", refund(`"status":"requires_action"`), "refund 120 pending"},
		{"refund.failed", refund(`"status":"failed"`), "refund 120 failed"},
		{"charge.dispute.created", dispute(`"status":"warning_needs_response","balance_transactions":[]`), "dispute 500 warning"},
		{"charge.dispute.created", dispute(`"status":"needs_response","balance_transactions":[{"amount":-500}]`), "dispute 500 open"},
		{"charge.dispute.funds_withdrawn", dispute(`"status":"needs_response"`), "dispute 500 open"},
		{"charge.dispute.funds_reinstated", dispute(`"status":"under_review"`), "dispute 500 won"},
		{"charge.dispute.closed", dispute(`"status":"lost","balance_transactions":[{"amount":-500}]`), "dispute 500 lost"},
		{"charge.dispute.closed", dispute(`"status":"won","balance_transactions":[{"amount":-500},{"amount":500}]`), "dispute 500 won"},
		{"customer.created", `{"object":"customer","id":"cus_1"}`, ""},
		{"payment_intent.created", intent(`"status":"requires_payment_method"`), ""},
	} {
		for _, version := range []string{"2023-10-16", "2025-09-30.clover", "2031-01-01.unknown"} {
			f, ok, err := read(event(c.kind, version, c.object))
			got := ""
			if ok {
				got = strings.TrimSpace(fmt.Sprintf("%s %d %s%s", f.Kind, f.Cents+f.Refund.Cents+f.Dispute.Cents, f.Refund.State, f.Dispute.State))
			}
			if got != c.want || err != nil {
				t.Errorf("%s, %s: got %q, %v, want %q", c.kind, version, got, err, c.want)
			}
			if ok && (f.Payment.IntentID != "pi_1" || f.Currency != "eur" || f.EventID != "evt_1") {
				t.Errorf("%s: got %+v, want the payment and the event", c.kind, f)
			}
		}
	}
	f, _, err := read(event("payment_intent.succeeded", "", intent(`"status":"succeeded","amount_received":500`)))
	if err != nil || f.PurchaseID != purchaseID || f.Payment.CustomerID != "cus_1" {
		t.Errorf("got %+v, %v", f, err)
	}
}

// TestUnreadable puts into quarantine what a version of the API writes in a form that is not known, rather than guess.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	const good = `"object":"payment_intent","id":"pi_1","currency":"eur","status":"succeeded"`
	for name, object := range map[string]string{
		"no amount":       `{` + good + `}`,
		"amount as text":  `{` + good + `,"amount_received":"500"}`,
		"fraction":        `{` + good + `,"amount_received":500.5}`,
		"negative":        `{` + good + `,"amount_received":-1}`,
		"huge":            `{` + good + `,"amount_received":92233720368547758080}`,
		"amount as money": `{` + good + `,"amount_received":{"value":500}}`,
		"no currency":     `{"object":"payment_intent","id":"pi_1","status":"succeeded","amount_received":500}`,
		"no id":           `{"object":"payment_intent","currency":"eur","status":"succeeded","amount_received":500}`,
		"another object":  `{"object":"payment","id":"pi_1","currency":"eur","status":"succeeded","amount_received":500}`,
		"unknown state":   `{"object":"payment_intent","id":"pi_1","currency":"eur","status":"done","amount_received":500}`,
		"no object":       `null`,
	} {
		if f, ok, err := read(event("payment_intent.succeeded", "2031-01-01", object)); !errors.Is(err, errUnreadable) || ok {
			t.Errorf("%s: got %+v, %v, %v, want it unreadable", name, f, ok, err)
		}
	}
	for _, body := range []string{``, `[]`, `{"type":7}`, `{"type":"charge.refunded"}`, `{"type":"charge.refunded","data":{"object":{"object":"charge"}}}`} {
		if _, ok, err := read([]byte(body)); err == nil && ok {
			t.Errorf("%s: got a fact", body)
		}
	}
	thin := `{"id":"evt_1","object":"v2.core.event","type":"v1.payment_intent.succeeded","related_object":{"id":"pi_1"}}`
	if _, ok, err := read([]byte(thin)); ok || err != nil {
		t.Errorf("got %v, %v for an event of another kind, want nothing", ok, err)
	}
}

// TestVerify takes a signature of any secret of about now, and no other.
func TestVerify(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	body, secrets := []byte(`{"id":"evt_1"}`), []Secret{"whsec_new", "whsec_old"}
	header := func(secret Secret, age time.Duration) string { return Sign(body, secret, now.Add(-age)) }
	for name, c := range map[string]struct {
		header string
		want   bool
	}{
		"new secret":      {header("whsec_new", 0), true},
		"old secret":      {header("whsec_old", time.Minute), true},
		"at the edge":     {header("whsec_new", 300*time.Second), true},
		"early":           {header("whsec_new", -300*time.Second), true},
		"two signatures":  {header("whsec_new", 0) + ",v1=00", true},
		"another scheme":  {strings.Replace(header("whsec_new", 0), "v1=", "v0=", 1), false},
		"stale":           {header("whsec_new", 301*time.Second), false},
		"of the future":   {header("whsec_new", -301*time.Second), false},
		"another secret":  {header("whsec_other", 0), false},
		"empty":           {"", false},
		"no time":         {"v1=00", false},
		"two times":       {"t=1800000000," + header("whsec_new", 0), false},
		"no signature":    {"t=1800000000", false},
		"time moved":      {"t=1800000001," + strings.SplitN(header("whsec_new", 0), ",", 2)[1], false},
		"time of nobody":  {"t=x,v1=00", false},
		"not hexadecimal": {"t=1800000000,v1=zz", false},
	} {
		if err := verify(c.header, body, secrets, now); (err == nil) != c.want {
			t.Errorf("%s: got %v, want genuine %v", name, err, c.want)
		}
	}
	if err := verify(header("whsec_new", 0), []byte(`{"id":"evt_2"}`), secrets, now); err == nil {
		t.Error("got a signature for another body")
	}
	if err := verify(Sign(body, "", now), body, nil, now); err == nil {
		t.Error("got a signature by no secret")
	}
}

// TestSecret hides keys wherever they are printed.
func TestSecret(t *testing.T) {
	t.Parallel()
	s := Secret("sk_live_0123456789")
	printed := fmt.Sprint(s, fmt.Sprintf("%v %+v %#v %s %q", s, s, s, s, s))
	encoded, err := json.Marshal(struct{ Key Secret }{s})
	if strings.Contains(printed+string(encoded), "0123456789") || err != nil || !s.Live() || Secret("sk_test_1").Live() {
		t.Errorf("got %s, %s, %v", printed, encoded, err)
	}
}

func FuzzHeader(f *testing.F) {
	f.Add("t=1800000000,v1=00ff,v0=x")
	f.Add("t=1,t=2,v1=")
	f.Fuzz(func(t *testing.T, header string) {
		at, signatures, ok := parseHeader(header)
		if ok && (at.IsZero() || len(signatures) == 0 || len(signatures) > maxSignatures) {
			t.Errorf("got %v, %d signatures", at, len(signatures))
		}
		if err := verify(header, []byte("x"), []Secret{"whsec_1"}, time.Unix(1_800_000_000, 0)); err == nil {
			t.Errorf("%q was taken", header)
		}
	})
}

func FuzzEvent(f *testing.F) {
	f.Add(event("payment_intent.succeeded", "2023-10-16", `{"object":"payment_intent","id":"pi_1","currency":"eur","status":"succeeded","amount_received":500}`))
	f.Add(event("charge.dispute.created", "", `{"object":"dispute","id":"dp_1","currency":"eur","amount":5,"status":"lost","balance_transactions":[{"amount":-5}]}`))
	f.Add([]byte(`{"type":"refund.failed","livemode":true,"data":{"object":{"object":"refund","id":"re_1","currency":"eur","amount":1,"payment_intent":[]}}}`))
	f.Add([]byte(`{"id":"evt_\u0000","type":"x\u0000"}`))
	f.Add([]byte(`{"id":"evt_1","type":"` + strings.Repeat("x", maxID-1) + `é"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e := arrived(body, time.Unix(1_800_000_000, 0))
		if e.ID == "" || len(e.ID) > maxID || strings.ContainsRune(e.ID+e.Type, 0) || !utf8.ValidString(e.ID+e.Type) {
			t.Errorf("got the id %q and the type %q: no database keeps them", e.ID, e.Type)
		}
		fact, ok, err := read(body)
		if ok && (err != nil || fact.Cents < 0 || fact.Refund.Cents < 0 || fact.Dispute.Cents < 0 || fact.Currency == "") {
			t.Errorf("got %+v, %v", fact, err)
		}
		if ok && fact.Kind == ledger.FactRefund && fact.Refund.ID == "" {
			t.Error("got a refund without an id")
		}
	})
}
