-- Keys by which the back ends of applications act on people's credits. Lists are JSON arrays; the first
-- application owns the key. Amounts are micro-credits, 0 is no limit.
CREATE TABLE auth_service_keys (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL CHECK (name <> ''),
    key_hash     BLOB NOT NULL CHECK (length(key_hash) = 32), -- SHA-256
    old_key_hash BLOB CHECK (length(old_key_hash) = 32), -- of the value before it, valid until old_until
    old_until    INTEGER,
    app_ids      TEXT NOT NULL CHECK (json_array_length(app_ids) > 0),
    permissions  TEXT NOT NULL CHECK (json_valid(permissions)),
    cap_use      INTEGER NOT NULL CHECK (cap_use >= 0),
    cap_day      INTEGER NOT NULL CHECK (cap_day >= 0),
    rate         INTEGER NOT NULL CHECK (rate >= 0), -- calls a minute; 0: that of the class
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER,
    CONSTRAINT service_keys_old CHECK ((old_key_hash IS NULL) = (old_until IS NULL))
) STRICT;
-- A value belongs to one key, also after it was revoked.
CREATE UNIQUE INDEX service_keys_key_hash_key ON auth_service_keys (key_hash);
CREATE UNIQUE INDEX service_keys_old_key_hash_key ON auth_service_keys (old_key_hash) WHERE old_key_hash IS NOT NULL;
CREATE UNIQUE INDEX service_keys_name_live_key ON auth_service_keys (name) WHERE revoked_at IS NULL;

-- What a key with a cap for the day has used: days since 1970, UTC. The row of an earlier day begins anew.
CREATE TABLE credits_key_caps (
    key_id TEXT PRIMARY KEY REFERENCES auth_service_keys (id),
    day    INTEGER NOT NULL,
    used   INTEGER NOT NULL CHECK (used >= 0)
) STRICT, WITHOUT ROWID;

-- The counters of what programs keep in memory get one more subject. Subjects are rows of migrations only.
CREATE TABLE revisions_before AS SELECT subject, revision FROM auth_revisions;
DROP TABLE auth_revisions;
CREATE TABLE auth_revisions (
    subject  TEXT PRIMARY KEY CHECK (subject <> ''),
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO auth_revisions (subject, revision) SELECT subject, revision FROM revisions_before;
INSERT INTO auth_revisions (subject, revision) VALUES ('service_keys', 1);
DROP TABLE revisions_before;

CREATE TRIGGER service_keys_revision_insert AFTER INSERT ON auth_service_keys
BEGIN UPDATE auth_revisions SET revision = revision + 1 WHERE subject = 'service_keys'; END;
CREATE TRIGGER service_keys_revision_update AFTER UPDATE ON auth_service_keys
WHEN NEW.last_used_at IS OLD.last_used_at -- noting a use changes nothing else
BEGIN UPDATE auth_revisions SET revision = revision + 1 WHERE subject = 'service_keys'; END;
