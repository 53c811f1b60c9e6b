package provider

import (
	"bytes"
	"encoding/json"
	"slices"
)

const (
	maxClaims      = 8 << 10 // bytes of the claims parameter
	maxClaimsDepth = 8
)

// claimsRequest is the claims parameter (OpenID Connect Core 1.0, section 5.5). Members that it does not name
// are ignored.
type claimsRequest struct {
	UserInfo map[string]claimWish `json:"userinfo"`
	IDToken  map[string]claimWish `json:"id_token"`
}

// claimWish is what is said of one claim; null says that it is wanted.
type claimWish struct {
	Essential bool
	Values    []string // of value and values, as far as they are strings
}

// UnmarshalJSON takes what it understands and ignores the rest, as section 5.5.1 demands.
func (c *claimWish) UnmarshalJSON(data []byte) error {
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return nil
	}
	_ = json.Unmarshal(members["essential"], &c.Essential)
	var value string
	if json.Unmarshal(members["value"], &value) == nil {
		c.Values = append(c.Values, value)
	}
	var values []string
	if json.Unmarshal(members["values"], &values) == nil {
		c.Values = append(c.Values, values...)
	}
	return nil
}

// parseClaims reads a claims parameter. It reports whether it is one JSON object within the limits.
func parseClaims(text string) (claimsRequest, bool) {
	var request claimsRequest
	if text == "" {
		return request, true
	}
	if len(text) > maxClaims || !json.Valid([]byte(text)) || tooDeep(text) {
		return request, false
	}
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &members) != nil || members == nil {
		return request, false
	}
	for name, to := range map[string]*map[string]claimWish{"userinfo": &request.UserInfo, "id_token": &request.IDToken} {
		if raw, ok := members[name]; ok && json.Unmarshal(raw, to) != nil {
			return request, false
		}
	}
	return request, true
}

// tooDeep reports whether valid JSON nests deeper than allowed.
func tooDeep(text string) bool {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	depth := 0
	for {
		token, err := decoder.Token()
		if err != nil {
			return false
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			if depth++; depth > maxClaimsDepth {
				return true
			}
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
}

// subject is the person that the request names by value in either place; empty: nobody. ok is false when it
// names several.
func (c claimsRequest) subject() (subject string, ok bool) {
	for _, wishes := range []map[string]claimWish{c.IDToken, c.UserInfo} {
		for _, value := range wishes["sub"].Values {
			if subject != "" && subject != value {
				return "", false
			}
			subject = value
		}
	}
	return subject, true
}

// essentialACR is the classes of which one must be reached; none: any is right.
func (c claimsRequest) essentialACR() []string {
	if wish := c.IDToken["acr"]; wish.Essential {
		return wish.Values
	}
	return nil
}

// single lists the standard claims that are asked for one by one, by their scope's order of names, as far as
// the client might have asked for their scope. Claims that the scopes give anyway are left out.
func (c claimsRequest) single(client Client, scopes []string) []string {
	var names []string
	for _, scope := range claimScopes {
		if slices.Contains(scopes, scope) || !slices.Contains(client.Scopes, scope) {
			continue
		}
		for _, name := range scopeClaims[scope] {
			_, info := c.UserInfo[name]
			_, token := c.IDToken[name]
			if info || token {
				names = append(names, name)
			}
		}
	}
	return names
}
