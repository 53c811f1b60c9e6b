package api

import (
	"encoding/json"
	"net/http"

	"github.com/google/uuid"

	"mana/provider"
	"mana/provider/identity"
	"mana/web/page"
)

const maxEvents = 500

type sessionBody struct {
	ID             string  `json:"id"`
	IPAddress      string  `json:"ipAddress"`
	UserAgent      string  `json:"userAgent"`
	DeviceID       *string `json:"deviceId"`
	DeviceName     *string `json:"deviceName"`
	LastActivityAt string  `json:"lastActivityAt"`
	CreatedAt      string  `json:"createdAt"`
	ExpiresAt      string  `json:"expiresAt"`
	Current        bool    `json:"current"`
}

func sessionOf(s identity.Session, current uuid.UUID) sessionBody {
	return sessionBody{
		ID: s.ID.String(), IPAddress: s.IPAddress, UserAgent: s.UserAgent, DeviceID: optional(s.DeviceID), DeviceName: optional(s.DeviceName),
		LastActivityAt: timestamp(s.LastActivityAt), CreatedAt: timestamp(s.CreatedAt), ExpiresAt: timestamp(s.ExpiresAt),
		Current: s.ID == current,
	}
}

type currentBody struct {
	User    profileBody `json:"user"`
	Session sessionBody `json:"session"`
}

// Session shows who the caller is, and the session of the token: GET /api/v1/auth/session.
func (a *API) Session(w http.ResponseWriter, r *http.Request, who provider.Access) error {
	session, user, err := a.cfg.Identity.SessionByID(r.Context(), who.SessionID)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, currentBody{profileOf(user), sessionOf(session, who.SessionID)})
	return nil
}

// Sessions lists where the person is signed in, the one with the latest activity first: GET /api/v1/auth/sessions.
func (a *API) Sessions(w http.ResponseWriter, r *http.Request, who provider.Access) error {
	sessions, err := a.cfg.Identity.SessionsOf(r.Context(), who.UserID)
	if err != nil {
		return err
	}
	bodies := make([]sessionBody, len(sessions))
	for i, s := range sessions {
		bodies[i] = sessionOf(s, who.SessionID)
	}
	writeJSON(w, http.StatusOK, bodies)
	return nil
}

// EndSession ends one of the person's sessions: DELETE /api/v1/auth/sessions/{id}. What is somebody else's is not there.
func (a *API) EndSession(w http.ResponseWriter, r *http.Request, who provider.Access) error {
	id, ok := parseID(r.PathValue("id"))
	if !ok {
		return identity.ErrNoSession
	}
	err := a.cfg.Identity.EndSessionOf(r.Context(), who.UserID, id, page.Device(r))
	a.cfg.FirstParty.SessionsEnded() // what failed may have happened
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, succeeded{Success: true})
	return nil
}

type eventBody struct {
	ID        string          `json:"id"`
	UserID    string          `json:"userId"`
	EventType string          `json:"eventType"`
	IPAddress string          `json:"ipAddress"`
	UserAgent string          `json:"userAgent"`
	Metadata  json.RawMessage `json:"metadata"` // null when there is none
	CreatedAt string          `json:"createdAt"`
}

// SecurityEvents lists what happened to the account, the newest first: GET /api/v1/auth/security-events.
func (a *API) SecurityEvents(w http.ResponseWriter, r *http.Request, who provider.Access) error {
	limit, err := number(r, "limit", 1, maxEvents, defaultLimit)
	if err != nil {
		return err
	}
	events, err := a.cfg.Identity.EventsOf(r.Context(), who.UserID, uuid.Nil, limit)
	if err != nil {
		return err
	}
	bodies := make([]eventBody, len(events))
	for i, e := range events {
		bodies[i] = eventBody{
			ID: e.ID.String(), UserID: e.UserID.String(), EventType: e.Type, IPAddress: e.Device.IPAddress,
			UserAgent: e.Device.UserAgent, CreatedAt: timestamp(e.At),
		}
		if len(e.Metadata) > 0 {
			if bodies[i].Metadata, err = json.Marshal(e.Metadata); err != nil {
				return err
			}
		}
	}
	writeJSON(w, http.StatusOK, bodies)
	return nil
}
