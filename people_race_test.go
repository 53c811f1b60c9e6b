package main

import (
	"net/http"
	"sync"
	"testing"
)

// atOnce runs f n times at one moment and counts what it gives.
func atOnce(n int, f func() int) map[int]int {
	begin, counts := make(chan struct{}), make(map[int]int)
	var lock sync.Mutex
	var done sync.WaitGroup
	for range n {
		done.Go(func() {
			<-begin
			got := f()
			lock.Lock()
			defer lock.Unlock()
			counts[got]++
		})
	}
	close(begin)
	done.Wait()
	return counts
}

// TestDeletedAtOnce sends what deletes an account many times at one moment: it is deleted once, and nothing fails.
func TestDeletedAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, eve, owner := s.browser(t), s.browser(t), s.browser(t)
	ada.signUp("ada@example.com")
	form := hiddenFields(ada.get("/account/delete"), "/account/delete")
	form.Set("email", "ada@example.com")
	got := atOnce(16, func() int { return ada.post("/account/delete", form).StatusCode })
	if got[http.StatusOK]+got[http.StatusForbidden] != 16 { // 403: the cookie of the form has gone meanwhile
		t.Errorf("got %v of the page", got)
	}
	eve.signUp("eve@example.com")
	page := owner.get(owner.mailLink("Confirm your e-mail address"))
	deny := hiddenFields(page, "/verify-email/deny")
	got = atOnce(16, func() int { return owner.post("/verify-email/deny", deny).StatusCode })
	if got[http.StatusOK] == 0 || got[http.StatusOK]+got[http.StatusBadRequest] != 16 {
		t.Errorf("got %v of the link", got)
	}
	s.browser(t).signUp("bob@example.com")
	_, token := s.login(t, "bob@example.com", testPassword)
	got = atOnce(16, func() int {
		status, _, _ := s.api(t, "DELETE", "/api/v1/auth/account", token, map[string]string{"password": testPassword})
		return status
	})
	if got[http.StatusOK] != 1 || got[http.StatusOK]+got[http.StatusUnauthorized]+got[http.StatusBadRequest]+got[http.StatusTooManyRequests] != 16 {
		t.Errorf("got %v of the contract", got)
	}
	if n := s.number(t, `SELECT count(*) FROM auth_security_events WHERE event_type = 'account_deleted'`); n != 3 {
		t.Errorf("got %d events, want one for each of 3 people", n)
	}
}
