-- What the security log lets go of: the addresses and browsers of people who are deleted, and rows that are at least 30
-- days older than the newest.
CREATE INDEX security_events_created_at ON auth_security_events (created_at);

DROP TRIGGER security_events_no_update;
CREATE TRIGGER security_events_no_update BEFORE UPDATE ON auth_security_events
WHEN NOT (NEW.ip_address = '' AND NEW.user_agent = '' AND NEW.id IS OLD.id AND NEW.user_id IS OLD.user_id
    AND NEW.event_type IS OLD.event_type AND NEW.metadata IS OLD.metadata AND NEW.created_at IS OLD.created_at
    AND EXISTS (SELECT 1 FROM auth_users WHERE id = OLD.user_id AND deleted_at IS NOT NULL))
BEGIN SELECT RAISE(ABORT, 'security_events_append_only'); END;

DROP TRIGGER security_events_no_delete;
CREATE TRIGGER security_events_no_delete BEFORE DELETE ON auth_security_events
WHEN OLD.created_at > (SELECT max(created_at) FROM auth_security_events) - 30 * 86400000000
BEGIN SELECT RAISE(ABORT, 'security_events_append_only'); END;
