package api

import (
	"net"
	"net/http"
	"net/url"
	"unicode/utf8"

	"mana/provider"
	"mana/provider/identity"
)

const maxImage = 2048 // characters

type profileBody struct {
	ID            string  `json:"id"`
	Name          string  `json:"name"` // never null: clients take it for a string
	Email         string  `json:"email"`
	EmailVerified bool    `json:"emailVerified"`
	Image         *string `json:"image"`
	Role          string  `json:"role"`
	CreatedAt     string  `json:"createdAt"`
}

func profileOf(u identity.User) profileBody {
	return profileBody{
		ID: u.ID.String(), Name: u.Name, Email: string(u.Email), EmailVerified: u.EmailVerified, Image: optional(u.AvatarURL),
		Role: string(u.Role), CreatedAt: timestamp(u.CreatedAt),
	}
}

// Profile shows who the caller is: GET /api/v1/auth/profile.
func (a *API) Profile(w http.ResponseWriter, r *http.Request, who provider.Access) error {
	user, err := a.cfg.Identity.UserByID(r.Context(), who.UserID)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, profileOf(user))
	return nil
}

type editedBody struct {
	Success bool        `json:"success"`
	User    profileBody `json:"user"`
}

// EditProfile sets name and picture: POST /api/v1/auth/profile. An empty picture takes it away.
func (a *API) EditProfile(w http.ResponseWriter, r *http.Request, who provider.Access) error {
	body, err := decode(r)
	if err != nil {
		return err
	}
	claims := make(map[string]string)
	if _, given := body.text("name"); given {
		claims["name"] = body.line("name", 0, maxDevice)
	}
	if image, given := body.text("image"); given {
		if image != "" && !isImage(image) {
			body.fail("image must be an allowed URL")
		}
		claims["picture"] = image
	}
	if err := body.err(); err != nil {
		return err
	}
	user, err := a.cfg.Identity.EditProfile(r.Context(), who.UserID, claims)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, editedBody{true, profileOf(user)})
	return nil
}

// isImage reports whether a text is the address of a picture: https, or http on this machine.
func isImage(text string) bool {
	u, err := url.Parse(text)
	if err != nil || utf8.RuneCountInString(text) > maxImage || u.Host == "" || u.User != nil {
		return false
	}
	address := net.ParseIP(u.Hostname())
	loopback := u.Hostname() == "localhost" || address != nil && address.IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && loopback
}
