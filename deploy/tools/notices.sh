#!/bin/sh
# Lists the modules that are linked into the program, with the kind of their licence.
set -eu
echo "# Third-party notices"
echo
echo "Modules that are linked into \`mana\`, those of traces with the tag \`otlp\` alone. Their licence texts lie in their sources, at these versions."
echo
echo "| module | version | licence |"
echo "|---|---|---|"
go list -tags otlp -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' . | sort -u | while read -r path version dir; do
	file=$(ls "$dir" | grep -iE '^(licen[sc]e|copying)' | head -n 1 || true)
	kind=unknown
	if [ -n "$file" ]; then
		text=$(tr '\n' ' ' <"$dir/$file")
		case "$text" in
		*"Apache License"*) kind=Apache-2.0 ;;
		*"Mozilla Public License"*) kind=MPL-2.0 ;;
		*"Redistribution and use in source and binary forms"*) kind=BSD ;;
		*"Permission is hereby granted, free of charge"*) kind=MIT ;;
		*"Permission to use, copy, modify"*) kind=ISC ;;
		*"free and unencumbered"*) kind=Unlicense ;;
		esac
	fi
	echo "| $path | $version | $kind |"
done
