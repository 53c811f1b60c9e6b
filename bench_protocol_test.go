//go:build bench

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	documentRequests = 15_000 // a round
	tokenRequests    = 800
	checkRequests    = 6_000
	freshTokens      = 3_000
	tailCallers      = 32
	tailRequests     = 4_000
)

func postForm(to, id, secret string, form url.Values) func() *http.Request {
	body := form.Encode()
	return func() *http.Request {
		r, _ := http.NewRequest(http.MethodPost, to, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(id, secret)
		return r
	}
}

func fetch(t *testing.T, url string) []byte {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// against compares the program with the baseline on one kind of request.
func against(t *testing.T, name string, n int, limit float64, p, base process, ours, bare func() *http.Request) {
	t.Helper()
	compare(t, name, n, limit,
		func() time.Duration { return load(t, p, n, ours) },
		func() time.Duration { return load(t, base, n, bare) })
}

var ownToken = url.Values{"grant_type": {"client_credentials"}, "scope": {"credits:read"}}

func benchProtocol(t *testing.T, s *server, p process) {
	t.Helper()
	client := s.client(t, "Bench", "--grant", "client_credentials", "--scope", "credits:read")
	var base process
	for _, document := range []struct{ name, path string }{{"discovery", "/.well-known/openid-configuration"}, {"jwks", "/jwks"}} {
		b := bare{Document: fetch(t, p.url+document.path), Algorithm: jose.RS256}
		if err := json.Unmarshal(fetch(t, p.url+"/jwks"), &b.Keys); err != nil {
			t.Fatal(err)
		}
		base = startBaseline(t, b)
		against(t, document.name+"_cpu_ratio", documentRequests, 1.35, p, base, get(p.url+document.path), get(base.url+"/document"))
	}
	ours := postForm(p.url+"/token", client.ID, client.Secret, ownToken)
	against(t, "token_cpu_ratio", tokenRequests, 1.08, p, base, ours, postForm(base.url+"/token", "x", bareSecret, ownToken))
	benchTail(t, ours)
	_, body, _ := s.post(t, "/token", client, "grant_type", "client_credentials", "scope", "credits:read")
	token := url.Values{"token": {fmt.Sprint(body["access_token"])}}
	against(t, "introspection_cpu_ratio", checkRequests, 1.25, p, base,
		postForm(p.url+"/introspect", client.ID, client.Secret, token), postForm(base.url+"/introspect", "x", bareSecret, token))
	benchFresh(t, s, p, base, client)
}

// benchFresh introspects each token once a round, so that nothing that is kept for a moment helps.
func benchFresh(t *testing.T, s *server, p, base process, client created) {
	t.Helper()
	tokens := make([]string, freshTokens)
	for i := range tokens {
		_, body, _ := s.post(t, "/token", client, "grant_type", "client_credentials", "scope", "credits:read")
		tokens[i] = fmt.Sprint(body["access_token"])
	}
	each := func(to, id, secret string) func() *http.Request {
		var next atomic.Int64
		return func() *http.Request {
			token := tokens[next.Add(1)%freshTokens]
			return postForm(to, id, secret, url.Values{"token": {token}})()
		}
	}
	ratio := ratioOf(t, "introspection of tokens never seen before", freshTokens,
		func() time.Duration {
			return load(t, p, freshTokens, each(p.url+"/introspect", client.ID, client.Secret))
		},
		func() time.Duration { return load(t, base, freshTokens, each(base.url+"/introspect", "x", bareSecret)) })
	fmt.Printf("introspection of tokens never seen before: %.3f, no goal: it reads their revocation from storage\n", ratio)
}

// benchES256 compares tokens by the other algorithm, on a program that signs with it.
func benchES256(t *testing.T, binary string) {
	t.Helper()
	dir, port := t.TempDir(), freePort(t)
	env := []string{"PORT=" + port, "DATA_DIR=" + dir, "SIGNING_ALGS=RS256,ES256", "CREDITS_TOKEN_ALG=ES256"}
	p, _ := startBinary(t, binary, dir, port, env...)
	defer p.stop()
	s := &server{issuer: p.url, env: env}
	client := s.client(t, "Bench", "--grant", "client_credentials", "--scope", "credits:read")
	base := startBaseline(t, bare{Algorithm: jose.ES256})
	against(t, "token_es256_cpu_ratio", checkRequests, 1.5, p, base,
		postForm(p.url+"/token", client.ID, client.Secret, ownToken), postForm(base.url+"/token", "x", bareSecret, ownToken))
}

// benchTail measures how far the slowest answers lie from the middle when many ask at once.
func benchTail(t *testing.T, request func() *http.Request) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: tailCallers}}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	var times []float64
	var group sync.WaitGroup
	for range tailCallers {
		group.Go(func() {
			for range tailRequests / tailCallers {
				begin := time.Now()
				response, err := client.Do(request())
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, response.Body)
				response.Body.Close()
				mu.Lock()
				times = append(times, time.Since(begin).Seconds())
				mu.Unlock()
			}
		})
	}
	group.Wait()
	slices.Sort(times)
	p50, p99 := times[len(times)/2], times[len(times)*99/100]
	fmt.Printf("token endpoint with %d connections: p50 %.1f ms, p99 %.1f ms\n", tailCallers, 1000*p50, 1000*p99)
	figure("token_p99_over_p50", p99/p50, "<=", 3)
}
