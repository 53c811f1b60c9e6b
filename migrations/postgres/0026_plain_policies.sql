-- serves programs from 25, its own can do without it
-- Policies without subqueries: each of those was set up anew for each table of each statement, which cost more than it
-- spared on statements of few rows. They say the same as before. auth.subject stays for the programs before.
CREATE OR REPLACE PROCEDURE auth.protect(target regclass, actors text[], person name DEFAULT NULL, commands text[] DEFAULT '{}')
LANGUAGE plpgsql AS $$
DECLARE
    command text;
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY actors ON %s USING (current_setting(''app.actor'', true) = ANY (%L::text[]))', target, actors);
    FOREACH command IN ARRAY commands LOOP
        EXECUTE format('CREATE POLICY %I ON %s FOR %s %s (current_setting(''app.actor'', true) IN (''user'', ''service'')
            AND %I::text = current_setting(''app.user_id'', true))', 'person_' || lower(command), target, command,
            CASE command WHEN 'INSERT' THEN 'WITH CHECK' ELSE 'USING' END, person);
    END LOOP;
END $$;

DO $$
DECLARE
    p record;
    part record;
    plain text;
BEGIN
    FOR p IN SELECT policyname, format('%I.%I', schemaname, tablename) AS target, qual, with_check FROM pg_policies
        WHERE schemaname IN ('auth', 'credits') AND concat(qual, with_check) LIKE '%SELECT%'
    LOOP
        FOR part IN SELECT * FROM (VALUES ('USING', p.qual), ('WITH CHECK', p.with_check)) AS v (clause, expression) WHERE expression IS NOT NULL LOOP
            plain := replace(part.expression, '( SELECT current_setting(''app.actor''::text, true) AS current_setting)', 'current_setting(''app.actor'', true)');
            plain := regexp_replace(plain, '(\w+) = \( SELECT auth\.subject\(\) AS subject\)', '\1::text = current_setting(''app.user_id'', true)');
            IF plain LIKE '%SELECT%' THEN
                RAISE EXCEPTION 'policy % of %: unknown expression %', p.policyname, p.target, part.expression;
            END IF;
            EXECUTE format('ALTER POLICY %I ON %s %s (%s)', p.policyname, p.target, part.clause, plain);
        END LOOP;
    END LOOP;
END $$;
