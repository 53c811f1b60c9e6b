package ui

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ErrColour says that a text is not a colour such as #2f4bc7.
var ErrColour = errors.New("not a colour such as #2f4bc7")

// Accent is the colour of links, buttons and what is chosen, in light and dark. The zero value is that of the design.
type Accent struct{ light, dark rgb }

// The grounds that the accent stands on, as in app.css, and how far a tint of it goes.
const (
	lightSurface, lightGround = "#ffffff", "#f5f6f8"
	darkSurface, darkGround   = "#181c23", "#0f1217"
	lightTint, darkTint       = 0.08, 0.12
	darkInk                   = "#0e1637"

	readable = 4.5 // WCAG 2.2, success criterion 1.4.3
)

// ParseAccent takes a colour as #rrggbb, and darkens or lightens it for each mode until text of it is readable: 4.5:1
// against all that it stands on. Corrected says which colour light mode shows instead; empty: the one that was given.
// [ErrColour].
func ParseAccent(text string) (a Accent, corrected string, err error) {
	given, err := parseColour(text)
	if err != nil {
		return Accent{}, "", err
	}
	a = Accent{
		light: given.until("#000000", lightTint, lightSurface, lightGround),
		dark:  given.until("#ffffff", darkTint, darkSurface, darkGround),
	}
	if a.light != given {
		corrected = a.light.String()
	}
	return a, corrected, nil
}

// css is the layer of the theme, empty for the accent of the design.
func (a Accent) css() string {
	if a == (Accent{}) {
		return ""
	}
	line := func(name string, light, dark fmt.Stringer) string {
		return fmt.Sprintf("--%s:%s;--%[1]s:light-dark(%[2]s,%s);", name, light, dark) // browsers without light-dark keep the first
	}
	return "\n@layer theme{:root{" + line("accent", a.light, a.dark) + line("on-accent", a.light.ink(), a.dark.ink()) +
		line("tint", a.light.mix(colour(lightSurface), 1-lightTint), a.dark.mix(colour(darkSurface), 1-darkTint)) + "}}\n"
}

// icon puts the accent into a picture that has the colour of the design.
func (a Accent) icon(svg string) string {
	if a == (Accent{}) {
		return svg
	}
	return strings.NewReplacer("#2f4bc7", a.light.String(), "#fff", a.light.ink().String()).Replace(svg)
}

// rgb is a colour of sRGB.
type rgb [3]uint8

// String is the colour as #rrggbb.
func (c rgb) String() string { return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2]) }

func parseColour(text string) (c rgb, err error) {
	digits, ok := strings.CutPrefix(text, "#")
	n, err := strconv.ParseUint(digits, 16, 32)
	if !ok || len(digits) != 6 || err != nil {
		return rgb{}, ErrColour
	}
	return rgb{uint8(n >> 16), uint8(n >> 8 & 0xff), uint8(n & 0xff)}, nil
}

// colour is one of our own constants.
func colour(text string) rgb {
	c, err := parseColour(text)
	if err != nil {
		panic(err)
	}
	return c
}

// until moves a colour towards an end of the scale until it is readable on the grounds and on its own tint, and ink on it.
func (c rgb) until(end string, tint float64, surface, ground string) rgb {
	for share := 0.0; share < 1; share += 0.02 {
		moved := c.mix(colour(end), share)
		least := min(contrast(moved, colour(surface)), contrast(moved, colour(ground)),
			contrast(moved, moved.mix(colour(surface), 1-tint)), contrast(moved, moved.ink()))
		if least >= readable {
			return moved
		}
	}
	return colour(end)
}

// ink is the colour of words on this one.
func (c rgb) ink() rgb {
	if white := colour("#ffffff"); contrast(c, white) >= readable {
		return white
	}
	return colour(darkInk)
}

func (c rgb) mix(other rgb, share float64) (mixed rgb) {
	for i := range c {
		mixed[i] = uint8(math.Round(float64(c[i])*(1-share) + float64(other[i])*share))
	}
	return mixed
}

// contrast is that of WCAG 2.2, 1 to 21.
func contrast(a, b rgb) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func (c rgb) luminance() (sum float64) {
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		part := float64(c[i]) / 255
		if part <= 0.04045 {
			part /= 12.92
		} else {
			part = math.Pow((part+0.055)/1.055, 2.4)
		}
		sum += weight * part
	}
	return sum
}
