package ledger

import (
	"testing"

	"github.com/google/uuid"
)

func TestTarget(t *testing.T) {
	t.Parallel()
	request := uuid.Must(uuid.NewV7())
	paid := Fact{Kind: FactPaid, Cents: 300}
	refund := func(id string, cents int64, state RefundState) Fact {
		return Fact{Kind: FactRefund, Refund: PaymentRefund{ID: id, Cents: cents, State: state}}
	}
	dispute := func(id string, cents int64, state DisputeState) Fact {
		return Fact{Kind: FactDispute, Dispute: Dispute{ID: id, Cents: cents, State: state}}
	}
	asked := Fact{Kind: FactRefund, Refund: PaymentRefund{RequestID: request, Cents: 100, State: RefundAsked}}
	refused := Fact{Kind: FactRefund, Refund: PaymentRefund{RequestID: request, State: RefundFailed}}
	answered := Fact{Kind: FactRefund, Refund: PaymentRefund{ID: "re_1", RequestID: request, Cents: 100, State: RefundPending}}
	reported := func(cents int64) Fact { return Fact{Kind: FactRefunded, Cents: cents} }
	for name, test := range map[string]struct {
		facts []Fact
		want  Amount
	}{
		"nothing":                        {nil, 0},
		"paid":                           {[]Fact{paid}, 300},
		"paid twice":                     {[]Fact{paid, paid}, 300},
		"less than the price":            {[]Fact{{Kind: FactPaid, Cents: 299}}, 0},
		"a try failed":                   {[]Fact{{Kind: FactFailed}, paid, {Kind: FactCancelled}}, 300},
		"a part is back":                 {[]Fact{paid, refund("re_1", 100, RefundPending)}, 200},
		"a part is back, by its sum":     {[]Fact{paid, reported(100), refund("re_1", 100, RefundSucceeded)}, 200},
		"two parts":                      {[]Fact{paid, refund("re_1", 100, RefundSucceeded), refund("re_2", 50, RefundSucceeded)}, 150},
		"one of them by the sum":         {[]Fact{paid, refund("re_1", 100, RefundSucceeded), reported(150)}, 150},
		"sums out of order":              {[]Fact{paid, reported(150), reported(100)}, 150},
		"a refund failed":                {[]Fact{paid, reported(100), refund("re_1", 100, RefundFailed)}, 300},
		"a refund failed, out of order":  {[]Fact{refund("re_1", 100, RefundFailed), paid, refund("re_1", 100, RefundPending), reported(100)}, 300},
		"one of two failed":              {[]Fact{paid, reported(150), refund("re_1", 100, RefundFailed)}, 250},
		"all is back":                    {[]Fact{paid, reported(300)}, 0},
		"all is back before it was paid": {[]Fact{reported(300), paid}, 0},
		"a warning":                      {[]Fact{paid, dispute("dp_1", 300, DisputeWarning)}, 300},
		"disputed":                       {[]Fact{paid, dispute("dp_1", 300, DisputeOpen)}, 0},
		"disputed in part":               {[]Fact{paid, dispute("dp_1", 100, DisputeOpen)}, 200},
		"disputed and refunded":          {[]Fact{paid, dispute("dp_1", 300, DisputeOpen), reported(300)}, 0},
		"lost":                           {[]Fact{paid, dispute("dp_1", 300, DisputeLost), dispute("dp_1", 300, DisputeOpen)}, 0},
		"won":                            {[]Fact{paid, dispute("dp_1", 300, DisputeWon), dispute("dp_1", 300, DisputeOpen)}, 300},
		"asked":                          {[]Fact{paid, asked}, 200},
		"asked and answered":             {[]Fact{paid, asked, answered, reported(100)}, 200},
		"answered, then without our id":  {[]Fact{paid, asked, answered, refund("re_1", 100, RefundSucceeded)}, 200},
		"told before it was answered":    {[]Fact{paid, asked, refund("re_1", 100, RefundSucceeded), answered}, 200},
		"asked and refused":              {[]Fact{paid, asked, refused}, 300},
		"refused, and by the sum":        {[]Fact{paid, asked, refused, reported(300)}, 0},
		"asked, and refunded elsewhere":  {[]Fact{paid, asked, refund("re_2", 300, RefundSucceeded)}, 0},
		"asked, answered and failed":     {[]Fact{paid, asked, reported(100), answered, refund("re_1", 100, RefundFailed)}, 300},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := Purchase{Credits: 300 * Credit, PriceEuroCents: 300}
			for _, fact := range test.facts {
				p.Facts = p.Facts.add(fact)
			}
			if got := Target(p, p.Facts); got != test.want*Credit {
				t.Errorf("got %v, want %v", got, test.want*Credit)
			}
		})
	}
}

func TestTargetRounding(t *testing.T) {
	t.Parallel()
	p := Purchase{Credits: 100, PriceEuroCents: 3}
	for cents, want := range map[int64]Amount{0: 100, 1: 67, 2: 34, 3: 0, 4: 0} {
		if got := Target(p, Facts{PaidCents: 3, ReportedCents: cents}); got != want {
			t.Errorf("%d cents back: got %v, want %v", cents, got, want)
		}
	}
	p = Purchase{Credits: MaxOperation, PriceEuroCents: 100_000_000}
	if got := Target(p, Facts{PaidCents: 100_000_000, ReportedCents: 99_999_999}); got != 10_000 {
		t.Errorf("the most that can be bought: got %v, want %v", got, 10_000)
	}
}
