package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

// listen takes the port: both loopback addresses in dev mode, else all addresses.
func listen(cfg *config) ([]net.Listener, error) {
	addresses := []string{cfg.listen}
	if cfg.listen == "" && cfg.dev {
		port := strconv.Itoa(cfg.port)
		addresses = []string{net.JoinHostPort("127.0.0.1", port), net.JoinHostPort("::1", port)}
	} else if cfg.listen == "" {
		addresses = []string{":" + strconv.Itoa(cfg.port)}
	}
	var listeners []net.Listener
	for i, address := range addresses {
		listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
		switch {
		case errors.Is(err, syscall.EADDRINUSE):
			closeAll(listeners)
			return nil, fmt.Errorf("%s is in use; choose another with %s", address, cfg.otherPort())
		case err != nil && i > 0 && len(listeners) > 0:
			continue // a machine without IPv6
		case err != nil:
			return nil, fmt.Errorf("listening on %s: %w", address, err)
		}
		listeners = append(listeners, listener)
	}
	return listeners, nil
}

// otherPort is what to type for the next port.
func (c *config) otherPort() string {
	host, port, err := net.SplitHostPort(c.listen)
	if n, numberErr := strconv.Atoi(port); err == nil && numberErr == nil && c.set["LISTEN"] != "" {
		return "LISTEN=" + net.JoinHostPort(host, strconv.Itoa(n+1))
	}
	return "PORT=" + strconv.Itoa(c.port+1)
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close() // the server has closed it already when it ran
	}
}

// dialOwn reaches this very process, whatever the issuer's port is mapped to.
func dialOwn(listeners []net.Listener) *http.Client {
	own := listeners[0].Addr().String()
	if host, port, err := net.SplitHostPort(own); err == nil && net.ParseIP(host).IsUnspecified() {
		own = net.JoinHostPort("127.0.0.1", port)
	}
	return &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, own)
		}},
	}
}
