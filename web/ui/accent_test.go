package ui

import (
	"errors"
	"strings"
	"testing"
)

// TestAccent: whatever an operator chooses can be read.
func TestAccent(t *testing.T) {
	t.Parallel()
	for text, corrected := range map[string]bool{
		"#2f4bc7": false, "#006644": false, "#000000": false, "#ffcc00": true, "#ffffff": true, "#ff0000": true, "#00ff00": true, "#808080": true,
	} {
		a, shown, err := ParseAccent(text)
		if err != nil || (shown != "") != corrected {
			t.Errorf("%s: got %q, %v", text, shown, err)
		}
		for name, pair := range map[string][2]rgb{
			"light":              {a.light, colour(lightSurface)},
			"light, ground":      {a.light, colour(lightGround)},
			"light, tint":        {a.light, a.light.mix(colour(lightSurface), 1-lightTint)},
			"light, muted, tint": {colour("#525a66"), a.light.mix(colour(lightSurface), 1-lightTint)},
			"light, button":      {a.light.ink(), a.light},
			"dark":               {a.dark, colour(darkSurface)},
			"dark, ground":       {a.dark, colour(darkGround)},
			"dark, tint":         {a.dark, a.dark.mix(colour(darkSurface), 1-darkTint)},
			"dark, muted, tint":  {colour("#a6aeba"), a.dark.mix(colour(darkSurface), 1-darkTint)},
			"dark, button":       {a.dark.ink(), a.dark},
		} {
			if got := contrast(pair[0], pair[1]); got < readable {
				t.Errorf("%s, %s: got %.2f:1 of %s on %s", text, name, got, pair[0], pair[1])
			}
		}
		if css := a.css(); !strings.Contains(css, "--accent:"+a.light.String()+";--accent:light-dark("+a.light.String()+","+a.dark.String()+");") {
			t.Errorf("%s: got %s", text, css)
		}
	}
	for _, wrong := range []string{"", "red", "2f4bc7", "#fff", "#2f4bc7ff", "#2f4bcg", "#+f4bc7", "#2f4b c"} {
		if _, _, err := ParseAccent(wrong); !errors.Is(err, ErrColour) {
			t.Errorf("%q: got %v", wrong, err)
		}
	}
}

// TestLogo: an operator's picture is served as it is, and nothing else is taken for one.
func TestLogo(t *testing.T) {
	t.Parallel()
	for picture, want := range map[string]string{"\x89PNG\r\n": "/assets/logo.", "<svg xmlns=''/>": "/assets/logo.", "": "", "<html>": ""} {
		a, err := NewAssets(Theme{Logo: []byte(picture)})
		if want == "" {
			if !errors.Is(err, ErrLogo) {
				t.Errorf("%q: got %v", picture, err)
			}
			continue
		}
		if err != nil || !strings.HasPrefix(a.Logo(), want) || string(a.byPath[a.Logo()].plain) != picture {
			t.Errorf("%q: got %v", picture, err)
		}
	}
}
