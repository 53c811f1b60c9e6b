package edge

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestAnswersEnd ends what answers rest on before, while and after they are asked for: none is found afterwards that was
// asked for before.
func TestAnswersEnd(t *testing.T) {
	t.Parallel()
	about := func(subject, token string, life time.Duration) *reply {
		return &reply{body: []byte("{}"), until: time.Now().Add(life), subjects: [2]string{subject, token}}
	}
	for what, c := range map[string]struct {
		do   func(a *answers)
		want bool
	}{
		"kept": {func(a *answers) { a.keep(key{1}, about("ada", "t1", 30*time.Second), time.Now()) }, true},
		"over": {func(a *answers) {
			a.keep(key{1}, about("ada", "t1", time.Second), time.Now())
			time.Sleep(time.Second)
		}, false},
		"the person ended": {func(a *answers) {
			a.keep(key{1}, about("ada", "t1", 30*time.Second), time.Now())
			a.drop([]string{"ada"})
		}, false},
		"the token ended": {func(a *answers) {
			a.keep(key{1}, about("ada", "t1", 30*time.Second), time.Now())
			a.drop([]string{"t1"})
		}, false},
		"another ended": {func(a *answers) {
			a.keep(key{1}, about("ada", "t1", 30*time.Second), time.Now())
			a.drop([]string{"eve", "t2"})
		}, true},
		"it ended while the origin was asked": {func(a *answers) {
			asked := time.Now()
			time.Sleep(time.Second)
			a.drop([]string{"ada"})
			time.Sleep(20 * time.Second)
			a.keep(key{1}, about("ada", "t1", 30*time.Second), asked)
		}, false},
		"all ended while the origin was asked": {func(a *answers) {
			asked := time.Now()
			time.Sleep(time.Second)
			a.dropAll()
			a.keep(key{1}, about("ada", "t1", 30*time.Second), asked)
		}, false},
		"it ended just before": {func(a *answers) {
			a.drop([]string{"ada"})
			time.Sleep(settling - time.Millisecond)
			a.keep(key{1}, about("ada", "t1", 30*time.Second), time.Now())
		}, false},
		"it ended a while ago": {func(a *answers) {
			a.drop([]string{"ada"})
			time.Sleep(settling)
			a.keep(key{1}, about("ada", "t1", 30*time.Second), time.Now())
		}, true},
		"the answer took longer than endings are remembered": {func(a *answers) {
			asked := time.Now()
			a.drop([]string{"ada"})
			time.Sleep(2 * forgetEndings)
			a.sweep(time.Now())
			a.keep(key{1}, about("ada", "t1", 3*forgetEndings), asked)
		}, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Hour)
			a := newAnswers()
			c.do(a)
			if got := a.find(key{1}) != nil; got != c.want {
				t.Errorf("%s: got %v, want %v", what, got, c.want)
			}
			a.dropAll()
			if a.size() != 0 || len(a.about) != 0 || len(a.kept) != 0 {
				t.Errorf("%s: got %d bytes left", what, a.size())
			}
		})
	}
}

// TestAnswersBound keeps more than there is room for.
func TestAnswersBound(t *testing.T) {
	t.Parallel()
	a := newAnswers()
	body := make([]byte, maxReply)
	for i := range 2 * maxAnswers / maxReply {
		a.keep(key{byte(i), byte(i >> 8)}, &reply{body: body, until: time.Now().Add(time.Hour), subjects: [2]string{fmt.Sprint(i), "t"}}, time.Now())
		if a.size() > maxAnswers {
			t.Fatalf("got %d bytes kept, want %d at most", a.size(), maxAnswers)
		}
	}
	if a.size() < maxAnswers-2*maxReply || len(a.about) != len(a.kept)+1 {
		t.Errorf("got %d bytes of %d answers about %d subjects", a.size(), len(a.kept), len(a.about))
	}
}

// TestPublicLife finds what may be given to everybody.
func TestPublicLife(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cache, vary, cookie string
		want                time.Duration
	}{
		{"public, max-age=600, stale-while-revalidate=600", "Accept-Encoding", "", 10 * time.Minute},
		{"public, max-age=31536000, immutable", "", "", 365 * 24 * time.Hour},
		{"public", "", "", 0},
		{"max-age=600", "", "", 0},
		{"public, max-age=600, no-store", "", "", 0},
		{"Public, Max-Age=600", "", "", 10 * time.Minute},
		{"public, max-age=600", "Accept-Encoding, Cookie", "", 0},
		{"public, max-age=600", "Origin", "", 0},
		{"public, max-age=600", "*", "", 0},
		{"public, max-age=600", "", "a=b", 0},
		{"public, max-age=-1", "", "", 0},
		{"public, max-age=99999999999999999999", "", "", 0},
		{"private, max-age=600", "", "", 0},
	} {
		header := http.Header{"Cache-Control": {c.cache}}
		if c.vary != "" {
			header["Vary"] = []string{c.vary}
		}
		if c.cookie != "" {
			header["Set-Cookie"] = []string{c.cookie}
		}
		if life, public := publicLife(header); public != (c.want > 0) || public && life != c.want {
			t.Errorf("%v: got %v, %v, want %v", header, life, public, c.want)
		}
	}
}
