package main

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"mana/ledger"
	"mana/provider"
)

// serviceKeyFields is a service key as `mana service-key list --json` prints it and the file of `mana apply`
// describes it.
type serviceKeyFields struct {
	Name        string       `json:"name" yaml:"name"`
	AppIDs      []string     `json:"app_ids" yaml:"app_ids"`
	Permissions []string     `json:"permissions" yaml:"permissions"`
	CapUse      creditAmount `json:"cap_use" yaml:"cap_use"`
	CapDay      creditAmount `json:"cap_day" yaml:"cap_day"`
	Rate        int          `json:"rate" yaml:"rate"`
	ExpiresAt   moment       `json:"expires_at,omitzero" yaml:"expires_at"`
}

// serviceFieldsOf describes a stored service key.
func serviceFieldsOf(k provider.ServiceKey) serviceKeyFields {
	return serviceKeyFields{
		Name: k.Name, AppIDs: k.AppIDs, Permissions: k.Permissions, CapUse: creditAmount{k.CapUse}, CapDay: creditAmount{k.CapDay},
		Rate: k.Rate, ExpiresAt: moment{k.ExpiresAt},
	}
}

// key is the service key that the fields describe.
func (f serviceKeyFields) key() provider.ServiceKey {
	return provider.ServiceKey{
		Name: f.Name, AppIDs: f.AppIDs, Permissions: f.Permissions, CapUse: f.CapUse.Amount, CapDay: f.CapDay.Amount,
		Rate: f.Rate, ExpiresAt: f.ExpiresAt.Time,
	}
}

// bind makes the flags that describe a service key.
func (f *serviceKeyFields) bind(flags *pflag.FlagSet) {
	flags.StringVar(&f.Name, "name", "", "name of the key; default its first app")
	flags.StringSliceVar(&f.AppIDs, "app", nil, "app that it may name; may repeat; the first owns the key")
	flags.StringSliceVar(&f.Permissions, "allow", nil, "what it may do: balance,use,refund,hold")
	flags.Var(&f.CapUse, "cap-use", "most credits of one use; 0: no limit")
	flags.Var(&f.CapDay, "cap-day", "most credits of all uses of one day, UTC; 0: no limit")
	flags.IntVar(&f.Rate, "rate", 0, "calls a minute; 0: the limit of the class service")
	flags.Var(&f.ExpiresAt, "expires", "when it ends, such as 2027-01-31 or 2027-01-31T12:00:00Z")
}

// creditAmount is a number of credits that a person writes: 0 to 1,000,000 with at most 6 decimal places.
type creditAmount struct{ ledger.Amount }

// Set implements [pflag.Value].
func (c *creditAmount) Set(value string) error {
	amount, err := ledger.ParseSetting(value)
	if err != nil {
		return fmt.Errorf("%q is no number of credits, 0 to 1000000 with at most 6 decimal places", value)
	}
	c.Amount = amount
	return nil
}

// Type implements [pflag.Value].
func (*creditAmount) Type() string { return "credits" }

// UnmarshalYAML reads what Set reads.
func (c *creditAmount) UnmarshalYAML(node *yaml.Node) error { return setYAML(c, node) }

// moment is a point in time that a person writes: a date, which begins at midnight UTC, or RFC 3339.
type moment struct{ time.Time }

// String implements [pflag.Value].
func (m moment) String() string {
	if m.IsZero() {
		return ""
	}
	return m.Format(time.RFC3339)
}

// Set implements [pflag.Value].
func (m *moment) Set(value string) error {
	at, err := time.Parse(time.DateOnly, value)
	if err != nil {
		at, err = time.Parse(time.RFC3339, value)
	}
	if err != nil {
		return fmt.Errorf("%q is no time such as 2027-01-31 or 2027-01-31T12:00:00Z", value)
	}
	m.Time = at.UTC().Truncate(time.Microsecond)
	return nil
}

// Type implements [pflag.Value].
func (*moment) Type() string { return "time" }

// UnmarshalYAML reads what Set reads.
func (m *moment) UnmarshalYAML(node *yaml.Node) error { return setYAML(m, node) }

// setYAML gives a value its text; the error names the line.
func setYAML(value pflag.Value, node *yaml.Node) error {
	if err := value.Set(node.Value); err != nil {
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: %v", node.Line, err)}}
	}
	return nil
}
