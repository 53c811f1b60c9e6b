-- serves programs from 26, its own can do without it
-- Find what an administrator looks for in the log: one kind of event, and what one actor did.
CREATE INDEX security_events_type ON auth.security_events (event_type, created_at, id);
CREATE INDEX security_events_actor ON auth.security_events ((metadata->>'actor'), created_at, id) WHERE metadata->>'actor' IS NOT NULL;
