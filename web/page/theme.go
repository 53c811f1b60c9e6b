package page

import (
	"net/http"
	"slices"
	"time"
)

const (
	themeCookie = "mana_theme"
	themeLife   = 365 * 24 * time.Hour
)

// Themes are the looks that a browser may be told to keep. Without one it follows its device.
func Themes() []string { return []string{"light", "dark"} }

// Theme is the look that was chosen in this browser, empty if none was.
func (s *State) Theme() string {
	if s.request == nil {
		return ""
	}
	cookie, err := s.request.Cookie(themeCookie)
	if err != nil || !slices.Contains(Themes(), cookie.Value) {
		return ""
	}
	return cookie.Value
}

// KeepTheme remembers a look in the browser; empty forgets it.
func KeepTheme(w http.ResponseWriter, theme string, secure bool) {
	cookie := &http.Cookie{
		Name: themeCookie, Value: theme, Path: "/", MaxAge: int(themeLife / time.Second),
		Secure: secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if !slices.Contains(Themes(), theme) {
		cookie.Value, cookie.MaxAge = "", -1
	}
	http.SetCookie(w, cookie)
}
