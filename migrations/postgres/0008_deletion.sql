-- What the security log lets go of: the addresses and browsers of people who are deleted, and rows that are at least 30
-- days older than the newest. The application's role can do neither but by the functions below.
CREATE INDEX security_events_created_at ON auth.security_events (created_at);

CREATE FUNCTION auth.keep_events() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.created_at <= (SELECT max(created_at) FROM auth.security_events) - interval '30 days' THEN
            RETURN OLD;
        END IF;
    ELSIF NEW.ip_address = '' AND NEW.user_agent = '' AND NEW.id = OLD.id AND NEW.user_id IS NOT DISTINCT FROM OLD.user_id
        AND NEW.event_type = OLD.event_type AND NEW.metadata IS NOT DISTINCT FROM OLD.metadata AND NEW.created_at = OLD.created_at
        AND EXISTS (SELECT FROM auth.users WHERE id = OLD.user_id AND deleted_at IS NOT NULL) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION USING MESSAGE = 'security_events_append_only', ERRCODE = 'check_violation', CONSTRAINT = 'security_events_append_only';
END $$;
DROP TRIGGER security_events_append_only ON auth.security_events;
CREATE TRIGGER security_events_append_only BEFORE UPDATE OR DELETE ON auth.security_events
FOR EACH ROW EXECUTE FUNCTION auth.keep_events();
CREATE TRIGGER security_events_no_truncate BEFORE TRUNCATE ON auth.security_events
FOR EACH STATEMENT EXECUTE FUNCTION auth.refuse('security_events_append_only');

-- Erases where a deleted person came from.
CREATE FUNCTION auth.forget_devices(person uuid) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE auth.security_events SET ip_address = '', user_agent = ''
    WHERE user_id = person AND (ip_address <> '' OR user_agent <> '')
$$;
-- Deletes some events from before a moment, and tells how many.
CREATE FUNCTION auth.delete_events(before timestamptz, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (
        DELETE FROM auth.security_events WHERE id IN
            (SELECT id FROM auth.security_events
             WHERE created_at <= least(before, (SELECT max(created_at) FROM auth.security_events) - interval '30 days')
             LIMIT most FOR UPDATE SKIP LOCKED)
        RETURNING 1
    ) SELECT count(*) FROM gone
$$;
REVOKE EXECUTE ON FUNCTION auth.forget_devices, auth.delete_events FROM PUBLIC;
