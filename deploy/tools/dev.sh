#!/bin/sh
# Runs the program and starts it again whenever a source file changes. Ctrl-C ends both.
set -u
pid=
stop() { [ -n "$pid" ] && kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; }
trap 'stop; exit 0' INT TERM
# Everything that is under version control or could be, and the settings.
stamp() { { git ls-files -co --exclude-standard | grep -v '_templ\.go$' | xargs cksum; cat .env; } 2>/dev/null | cksum; }
last=
while :; do
	now=$(stamp)
	if [ "$now" != "$last" ]; then
		last=$now # before the build: what changes from here on is built the next time
		go tool -modfile=deploy/tools/go.mod templ generate -path web >/dev/null 2>&1
		mkdir -p dist && if go build -o dist/mana-dev .; then
			stop
			./dist/mana-dev serve &
			pid=$!
		fi
	fi
	sleep 1
done
