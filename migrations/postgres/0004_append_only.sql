-- The journal is append-only, for its owner too. Wallets are never deleted.
CREATE TRIGGER transactions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON credits.transactions
FOR EACH STATEMENT EXECUTE FUNCTION auth.refuse('journal_append_only');
CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON credits.entries
FOR EACH STATEMENT EXECUTE FUNCTION auth.refuse('journal_append_only');
CREATE TRIGGER idempotency_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON credits.idempotency
FOR EACH STATEMENT EXECUTE FUNCTION auth.refuse('journal_append_only');
CREATE TRIGGER balances_no_delete BEFORE DELETE OR TRUNCATE ON credits.balances
FOR EACH STATEMENT EXECUTE FUNCTION auth.refuse('balances_no_delete');
