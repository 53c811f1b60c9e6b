#!/bin/sh
# Makes the roles and the database of Mana in a new cluster. Passwords are read by psql, and are no arguments.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\set owner_password `cat /run/secrets/owner_password`
\set app_password `cat /run/secrets/app_password`
\i /etc/mana/roles.sql
SQL
