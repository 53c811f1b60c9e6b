package account

import (
	"context"
	"net/netip"
	"strings"
	"unicode/utf8"

	"mana/web/ui"
)

// browsers are found in the header User-Agent by the first mark that it holds: many name others beside themselves.
var browsers = [][2]string{
	{"Edg/", "Edge"},
	{"EdgA/", "Edge"},
	{"EdgiOS/", "Edge"},
	{"OPR/", "Opera"},
	{"SamsungBrowser/", "Samsung Internet"},
	{"Vivaldi/", "Vivaldi"},
	{"Firefox/", "Firefox"},
	{"FxiOS/", "Firefox"},
	{"CriOS/", "Chrome"},
	{"HeadlessChrome/", "Chrome"},
	{"Chrome/", "Chrome"},
	{"Version/", "Safari"},
}

// systems likewise.
var systems = [][2]string{
	{"Windows", "Windows"},
	{"Android", "Android"},
	{"iPhone", "iOS"},
	{"iPad", "iPadOS"},
	{"CrOS", "ChromeOS"},
	{"Mac OS X", "macOS"},
	{"Linux", "Linux"},
}

const maxAgent = 40 // characters of a name that a program gives itself

// agent says in words which program a header User-Agent is of.
func agent(ctx context.Context, header string) string {
	browser, system := first(browsers, header), first(systems, header)
	switch {
	case browser != "" && system != "":
		return ui.T(ctx, ui.AgentOn, "browser", browser, "system", system)
	case browser != "":
		return browser
	}
	name, _, _ := strings.Cut(header, "/")
	name = strings.ToValidUTF8(strings.TrimSpace(name), "")
	switch {
	case name == "" || name == "Mozilla":
		return ui.T(ctx, ui.AgentUnknown)
	case utf8.RuneCountInString(name) > maxAgent:
		return string([]rune(name)[:maxAgent-1]) + "…"
	}
	return name
}

func first(marks [][2]string, header string) string {
	for _, mark := range marks {
		if strings.Contains(header, mark[0]) {
			return mark[1]
		}
	}
	return ""
}

// mobile reports whether a header User-Agent is of a phone.
func mobile(header string) bool {
	return strings.Contains(header, "Mobi") || strings.Contains(header, "Android")
}

// shortened is the network of an address, without the part that names one machine: the first 24 bits of IPv4, the
// first 48 of IPv6.
func shortened(ctx context.Context, address string) string {
	parsed, err := netip.ParseAddr(address)
	if err != nil {
		return ui.T(ctx, ui.NetworkUnknown)
	}
	parsed = parsed.Unmap().WithZone("")
	if parsed.IsLoopback() {
		return ui.T(ctx, ui.NetworkHere)
	}
	if parsed.Is4() {
		text := parsed.String()
		return text[:strings.LastIndexByte(text, '.')] + ".x"
	}
	prefix, err := parsed.Prefix(48)
	if err != nil {
		return ui.T(ctx, ui.NetworkUnknown)
	}
	return prefix.String()
}
