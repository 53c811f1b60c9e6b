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
	freshTokens      = 2_000 // a round
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
	benchIntrospection(t, s, p, base, client)
}

// benchIntrospection introspects tokens that were seen before, as those of API calls are, but not in the last
// second, so that what stands behind each is read from storage. Beside it stand the ends: one token again and
// again, and tokens never seen before.
func benchIntrospection(t *testing.T, s *server, p, base process, client created) {
	t.Helper()
	tokens := make([]string, (benchRounds+1)*freshTokens)
	for i := range tokens {
		_, body, _ := s.post(t, "/token", client, "grant_type", "client_credentials", "scope", "credits:read")
		tokens[i] = fmt.Sprint(body["access_token"])
	}
	loads := func(from, count int, rest time.Duration) (ours, bare func() time.Duration) {
		each := func(p process, id, secret string) func() time.Duration {
			var next atomic.Int64
			return func() time.Duration {
				time.Sleep(rest)
				return load(t, p, freshTokens, func() *http.Request {
					token := tokens[from+int(next.Add(1)-1)%count]
					return postForm(p.url+"/introspect", id, secret, url.Values{"token": {token}})()
				})
			}
		}
		return each(p, client.ID, client.Secret), each(base, "x", bareSecret)
	}
	active := func(token string) {
		t.Helper()
		if _, body, _ := s.post(t, "/introspect", client, "token", token); body["active"] != true {
			t.Fatalf("got %v for a token of the load", body)
		}
	}
	note := func(name string, count int) {
		ours, bare := loads(0, count, 0)
		fmt.Printf("%s: %.3f, no goal\n", name, ratioOf(t, name, freshTokens, ours, bare))
	}
	note("introspection of tokens never seen before", len(tokens))
	note("introspection of one token again and again", 1)
	ours, bare := loads(0, freshTokens, time.Second)
	compare(t, "introspection_cpu_ratio", freshTokens, 1.25, ours, bare)
	active(tokens[0]) // the oldest: all were answered as live ones
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
