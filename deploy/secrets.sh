#!/bin/sh
# Makes the secrets of a production installation in the folder secrets beside this file, once: what is there stays as it is.
#
#   sudo ./secrets.sh            for compose.yaml
#   SECRETS_DIR=/etc/mana/secrets ./secrets.sh
#
# Files can be read by their owner and by the group SECRETS_GROUP (65532, which the containers are given). Keep a copy of
# master_key where the backups are not: without it no backup is of use.
set -eu
umask 077
dir=${SECRETS_DIR:-$(dirname "$0")/secrets}
group=${SECRETS_GROUP:-65532}
mkdir -p "$dir"

random() { # $1 bytes, as hexadecimal digits
	od -An -v -N "$1" -t x1 /dev/urandom | tr -d ' \n'
}

put() { # standard input becomes the secret $1, if there is none
	if [ -e "$dir/$1" ]; then
		cat >/dev/null
		echo "kept $1"
		return
	fi
	cat >"$dir/$1.new"
	[ -s "$dir/$1.new" ] || { echo "secrets.sh: $1 came out empty" >&2; exit 1; }
	mv "$dir/$1.new" "$dir/$1"
	echo "made $1"
}

head -c 32 /dev/urandom | base64 | tr -d '\n' | put master_key
for name in postgres_password owner_password app_password valkey_password grafana_password; do
	random 32 | put "$name"
done
owner=$(cat "$dir/owner_password")
app=$(cat "$dir/app_password")
valkey=$(cat "$dir/valkey_password")
printf 'postgres://mana_app:%s@pgbouncer:6432/mana?sslmode=disable' "$app" | put database_url
printf 'postgres://mana_owner:%s@postgres:5432/mana?sslmode=disable' "$owner" | put database_direct_url
printf '"mana_app" "%s"\n' "$app" | put pgbouncer_users
printf 'valkey://mana:%s@valkey:6379' "$valkey" | put valkey_url
{
	echo 'user default off'
	printf 'user mana on #%s ~mana:* &mana:* -@all +hello +ping +eval +evalsha +get +set +incrby +pexpire +pttl +del +publish +subscribe +unsubscribe\n' \
		"$(printf %s "$valkey" | sha256sum | cut -d ' ' -f 1)"
} | put valkey_users
# What others give you: write it into these.
for name in smtp_password stripe_secret_key stripe_webhook_secret; do
	[ -e "$dir/$name" ] || : >"$dir/$name"
done

if chgrp "$group" "$dir" "$dir"/* 2>/dev/null; then
	chmod 0750 "$dir"
	chmod 0440 "$dir"/*
else
	echo "secrets.sh: cannot give the files to the group $group: run this as root, or name a group of yours by SECRETS_GROUP" >&2
	exit 1
fi
