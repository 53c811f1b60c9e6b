-- serves programs from 26
-- What answers about access tokens rest on and what changed, for edges that keep such answers: the id of a person, or
-- of one access token. Numbers rise; a few thousand of the newest are kept.
CREATE TABLE auth_endings (
    no      INTEGER PRIMARY KEY,
    subject TEXT NOT NULL
) STRICT;

CREATE TRIGGER users_endings AFTER UPDATE ON auth_users
BEGIN INSERT INTO auth_endings (subject) VALUES (NEW.id); END;
CREATE TRIGGER roles_endings_given AFTER INSERT ON auth_roles
BEGIN INSERT INTO auth_endings (subject) VALUES (NEW.user_id); END;
CREATE TRIGGER roles_endings_taken AFTER DELETE ON auth_roles
BEGIN INSERT INTO auth_endings (subject) VALUES (OLD.user_id); END;
CREATE TRIGGER sessions_endings AFTER UPDATE OF revoked_at, amr, expires_at, idle_seconds ON auth_sessions
BEGIN INSERT INTO auth_endings (subject) VALUES (NEW.user_id); END;
CREATE TRIGGER sessions_endings_gone AFTER DELETE ON auth_sessions
BEGIN INSERT INTO auth_endings (subject) VALUES (OLD.user_id); END;
CREATE TRIGGER grants_endings AFTER UPDATE OF revoked_at ON auth_grants
BEGIN INSERT INTO auth_endings (subject) VALUES (NEW.user_id); END;
CREATE TRIGGER grants_endings_gone AFTER DELETE ON auth_grants
BEGIN INSERT INTO auth_endings (subject) VALUES (OLD.user_id); END;
CREATE TRIGGER revoked_tokens_endings AFTER INSERT ON auth_revoked_tokens
BEGIN INSERT INTO auth_endings (subject) VALUES (NEW.token_id); END;
