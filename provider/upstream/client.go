package upstream

import (
	"io"
	"net"
	"net/http"
	"time"
)

// maxAnswer bounds what is read of one answer, in bytes.
const maxAnswer = 1 << 20

// newClient makes the client that asks a provider: bounded in time and size, and it follows no redirects. around is put
// around its transport; nil: nothing is.
func newClient(around func(http.RoundTripper) http.RoundTripper) *http.Client {
	var transport http.RoundTripper = &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: callTime,
		IdleConnTimeout:       time.Minute,
		MaxIdleConnsPerHost:   4,
		ForceAttemptHTTP2:     true,
	}
	if around != nil {
		transport = around(transport)
	}
	return &http.Client{
		Transport: boundedTransport{transport}, Timeout: callTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// boundedTransport cuts answers at maxAnswer.
type boundedTransport struct{ next http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (t boundedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(response.Body, maxAnswer), response.Body}
	return response, nil
}
