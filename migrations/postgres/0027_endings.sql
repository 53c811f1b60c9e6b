-- serves programs from 26
-- What answers about access tokens rest on and what changed, for edges that keep such answers: the id of a person, or
-- of one access token, with the transaction that changed it. A few thousand of the newest are kept.
CREATE TABLE auth.endings (
    no      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xact    bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    subject text NOT NULL
);
-- Finds what changed since a mark.
CREATE INDEX endings_xact ON auth.endings (xact);
CALL auth.protect('auth.endings', '{system}');
-- Whoever changes something notes it, and reads nothing of others.
CREATE POLICY noted ON auth.endings FOR INSERT WITH CHECK (current_setting('app.actor', true) IN ('user', 'service'));

-- Notes the column of a changed row that its trigger names.
CREATE FUNCTION auth.note_ending() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO auth.endings (subject)
        VALUES (CASE TG_OP WHEN 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END ->> TG_ARGV[0]);
    RETURN NULL;
END $$;
CREATE TRIGGER users_endings AFTER UPDATE ON auth.users
FOR EACH ROW EXECUTE FUNCTION auth.note_ending('id');
CREATE TRIGGER roles_endings AFTER INSERT OR DELETE ON auth.roles
FOR EACH ROW EXECUTE FUNCTION auth.note_ending('user_id');
CREATE TRIGGER sessions_endings AFTER DELETE OR UPDATE OF revoked_at, amr, expires_at, idle_seconds ON auth.sessions
FOR EACH ROW EXECUTE FUNCTION auth.note_ending('user_id');
CREATE TRIGGER grants_endings AFTER DELETE OR UPDATE OF revoked_at ON auth.grants
FOR EACH ROW EXECUTE FUNCTION auth.note_ending('user_id');
CREATE TRIGGER revoked_tokens_endings AFTER INSERT ON auth.revoked_tokens
FOR EACH ROW EXECUTE FUNCTION auth.note_ending('token_id');
