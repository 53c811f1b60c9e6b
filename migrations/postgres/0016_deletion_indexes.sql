-- Find what belongs to a person who is deleted, ended or not.
CREATE INDEX sessions_user_id ON auth.sessions (user_id);
CREATE INDEX refresh_tokens_user_id ON auth.refresh_tokens (user_id);
