package ui

import (
	"bytes"
	"strings"
	"testing"

	"mana/web/page"
)

// TestChart draws numbers, and gives the same ones as a table.
func TestChart(t *testing.T) {
	t.Parallel()
	chart := Chart{
		ID: "logins", Title: "Anmeldungen", Description: "Die meisten um acht Uhr.", Column: "Stunde", Labels: []string{"07", "08", "09"},
		Series: []Series{{"Erfolgreich", []int64{900, 1500, 0}}, {"Fehlgeschlagen", []int64{0, 250, 30}}},
	}
	var out bytes.Buffer
	if err := chart.Show().Render(page.InLanguage(t.Context(), page.German), &out); err != nil {
		t.Fatal(err)
	}
	got := out.String()
	for _, want := range []string{
		`<title id="logins-title">Anmeldungen</title>`, `<desc id="logins-text">Die meisten um acht Uhr.</desc>`, `role="img"`,
		"<span>2.000</span><span>1.000</span><span>0</span>", "Erfolgreich <strong>2.400</strong>", `<td class="num">1.500</td><td class="num">250</td>`,
		`y="75.0" width="233.3" height="225.0"`, `y="37.5" width="233.3" height="37.5"`, // 1500 of 2000, and 250 above
	} {
		if !strings.Contains(strings.ReplaceAll(got, "> <", "><"), want) {
			t.Errorf("got no %q in\n%s", want, got)
		}
	}
	if bars := strings.Count(got, `<rect class="series-`); bars != 4 {
		t.Errorf("got %d bars, want one for each number but zero", bars)
	}
	chart.Lines = true
	if got, want := chart.points(1), "0.0,300.0 500.0,262.5 1000.0,295.5"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for most, want := range map[int64]int64{0: 2, 2: 2, 3: 4, 5: 6, 10: 10, 11: 20, 400: 400, 401: 600, 999: 1000, 1 << 62: 1 << 62} {
		if got := (Chart{Labels: []string{"a"}, Series: []Series{{Values: []int64{most}}}}).top(); got != want {
			t.Errorf("got %d above %d, want %d", got, most, want)
		}
	}
	empty := Chart{ID: "none"}
	if err := empty.Show().Render(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
}
