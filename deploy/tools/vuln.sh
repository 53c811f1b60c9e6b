#!/bin/sh
# Runs govulncheck. Findings fail; a database that cannot be reached is said loudly and does not.
set -u
out=$(go tool -modfile=deploy/tools/go.mod govulncheck ./... 2>&1)
code=$?
case "$out" in
*"fetching vulnerabilities"* | *"dial tcp"* | *"no such host"* | *"Forbidden"* | *"connection refused"*)
	echo "SKIPPED: the vulnerability database cannot be reached, so known vulnerabilities were NOT checked"
	exit 0
	;;
esac
echo "$out"
exit $code
