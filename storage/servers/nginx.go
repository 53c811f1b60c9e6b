package servers

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Nginx is a running reverse proxy.
type Nginx struct {
	process
	Version string // as the program tells it
	ports   []int  // the first is for all upstreams, the others for one each
}

// StartNginx starts a reverse proxy before programs that listen, or will listen, on loopback ports. What could not be
// sent to one of them goes to the next; what was sent is never sent again. [ErrMissing].
func StartNginx(ctx context.Context, to ...string) (n *Nginx, err error) {
	n = new(Nginx)
	if n.name, err = find("nginx", "/usr/sbin", "/usr/local/sbin"); err != nil {
		return nil, err
	}
	version, err := exec.CommandContext(ctx, n.name, "-v").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("asking for the version: %w", err)
	}
	n.Version = strings.TrimSpace(string(version))
	if n.folder, err = newFolder(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = n.Remove()
		}
	}()
	for range len(to) + 1 {
		port, err := FreePort()
		if err != nil {
			return nil, err
		}
		n.ports = append(n.ports, port)
	}
	if err := write(filepath.Join(n.folder, "nginx.conf"), n.config(to)); err != nil {
		return nil, err
	}
	n.args = []string{"-p", n.folder, "-c", "nginx.conf", "-e", "stderr"}
	if err := n.start(); err != nil {
		return nil, err
	}
	return n, n.await(ctx, func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", n.Address(0))
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// config is one process without a service around it, and a server for each port.
func (n *Nginx) config(to []string) string {
	var out strings.Builder
	out.WriteString(`daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 2048; }
http {
	access_log off;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	proxy_http_version 1.1;
	proxy_connect_timeout 1s;
	proxy_read_timeout 30s;
	proxy_next_upstream error;
	proxy_set_header Connection "";
	proxy_set_header Host $http_host;
	proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
`)
	for i, port := range n.ports {
		fmt.Fprintf(&out, "\tupstream u%d { keepalive 64;", i)
		for j, upstream := range to {
			if i == 0 || i == j+1 {
				fmt.Fprintf(&out, " server 127.0.0.1:%s max_fails=0;", upstream)
			}
		}
		fmt.Fprintf(&out, " }\n\tserver { listen 127.0.0.1:%d; location / { proxy_pass http://u%d; } }\n", port, i)
	}
	return out.String() + "}\n"
}

// Remove stops the proxy and deletes its files.
func (n *Nginx) Remove() error {
	if n == nil {
		return nil
	}
	err := n.end(syscall.SIGTERM)
	if fault := os.RemoveAll(n.folder); err == nil {
		err = fault
	}
	return err
}

// Address is the host and port before all upstreams (0), or before the one of a number (from 1).
func (n *Nginx) Address(upstream int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(n.ports[upstream]))
}
