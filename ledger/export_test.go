package ledger

import "testing"

// TestTextCell: no text is a formula, whichever sign parts the cells of whoever opens the file.
func TestTextCell(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":               "",
		"Reply":          "Reply",
		"a-b = c + d":    "a-b = c + d",
		"=1+1":           "'=1+1",
		"+1":             "'+1",
		"-1":             "'-1",
		"@SUM(1)":        "'@SUM(1)",
		"\t=1":           "\t'=1",
		"\r=1":           "\r'=1",
		"\n=1":           "\n'=1",
		"＝1":             "'＝1",
		" =1":            "' =1",
		"x;=1":           "x;'=1",
		"x; =1":          "x;' =1",
		"x\n=1":          "x\n'=1",
		"x\t@a;b;-c":     "x\t'@a;b;'-c",
		`{"m":"a;=cmd"}`: `{"m":"a;'=cmd"}`,
	} {
		if got := TextCell(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
