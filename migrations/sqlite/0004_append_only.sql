-- INSERT OR REPLACE deletes the row in its way without firing delete triggers, so what is append-only also
-- refuses a row whose key is taken.
CREATE TRIGGER transactions_no_replace BEFORE INSERT ON credits_transactions
WHEN EXISTS (SELECT 1 FROM credits_transactions WHERE pos = NEW.pos)
  OR EXISTS (SELECT 1 FROM credits_transactions WHERE id = NEW.id)
  OR EXISTS (SELECT 1 FROM credits_transactions WHERE user_id = NEW.user_id AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'journal_append_only'); END;
CREATE TRIGGER idempotency_no_replace BEFORE INSERT ON credits_idempotency
WHEN EXISTS (SELECT 1 FROM credits_idempotency WHERE user_id = NEW.user_id AND key_hash = NEW.key_hash)
BEGIN SELECT RAISE(ABORT, 'journal_append_only'); END;
CREATE TRIGGER balances_no_replace BEFORE INSERT ON credits_balances
WHEN EXISTS (SELECT 1 FROM credits_balances WHERE user_id = NEW.user_id)
BEGIN SELECT RAISE(ABORT, 'balances_no_delete'); END;
CREATE TRIGGER security_events_no_replace BEFORE INSERT ON auth_security_events
WHEN EXISTS (SELECT 1 FROM auth_security_events WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'security_events_append_only'); END;
