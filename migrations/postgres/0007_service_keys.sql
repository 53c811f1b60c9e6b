-- Keys by which the back ends of applications act on people's credits. Lists are JSON arrays; the first
-- application owns the key. Amounts are micro-credits, 0 is no limit.
CREATE TABLE auth.service_keys (
    id           uuid PRIMARY KEY,
    name         text NOT NULL CHECK (name <> ''),
    key_hash     bytea NOT NULL CHECK (length(key_hash) = 32), -- SHA-256
    old_key_hash bytea CHECK (length(old_key_hash) = 32), -- of the value before it, valid until old_until
    old_until    timestamptz,
    app_ids      jsonb NOT NULL CHECK (jsonb_array_length(app_ids) > 0),
    permissions  jsonb NOT NULL CHECK (jsonb_typeof(permissions) = 'array'),
    cap_use      bigint NOT NULL CHECK (cap_use >= 0),
    cap_day      bigint NOT NULL CHECK (cap_day >= 0),
    rate         integer NOT NULL CHECK (rate >= 0), -- calls a minute; 0: that of the class
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz,
    CONSTRAINT service_keys_old CHECK ((old_key_hash IS NULL) = (old_until IS NULL))
);
-- A value belongs to one key, also after it was revoked.
CREATE UNIQUE INDEX service_keys_key_hash_key ON auth.service_keys (key_hash);
CREATE UNIQUE INDEX service_keys_old_key_hash_key ON auth.service_keys (old_key_hash) WHERE old_key_hash IS NOT NULL;
CREATE UNIQUE INDEX service_keys_name_live_key ON auth.service_keys (name) WHERE revoked_at IS NULL;
CALL auth.protect('auth.service_keys', '{system}');

-- What a key with a cap for the day has used, UTC. The row of an earlier day begins anew.
CREATE TABLE credits.key_caps (
    key_id uuid PRIMARY KEY REFERENCES auth.service_keys (id),
    day    date NOT NULL,
    used   bigint NOT NULL CHECK (used >= 0)
) WITH (fillfactor = 50);
CALL auth.protect('credits.key_caps', '{system, ledger}');

INSERT INTO auth.revisions (subject, revision) VALUES ('service_keys', 1);
CREATE TRIGGER service_keys_revision_insert AFTER INSERT ON auth.service_keys
FOR EACH ROW EXECUTE FUNCTION auth.revise('service_keys');
CREATE TRIGGER service_keys_revision_update AFTER UPDATE ON auth.service_keys FOR EACH ROW
WHEN (NEW.last_used_at IS NOT DISTINCT FROM OLD.last_used_at) -- noting a use changes nothing else
EXECUTE FUNCTION auth.revise('service_keys');
