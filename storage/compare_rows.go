package storage

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mana/storage/postgres"
)

// CompareRows holds every row of a SQLite file against its copy, column by column, and counts the rows on both sides.
// direct connects as the owner of the target's schema. progress hears of each batch. [ErrDifferent].
func CompareRows(ctx context.Context, from, direct string, progress func(done, total int64)) ([]Copied, error) {
	var all []Copied
	err := withCopying(ctx, from, direct, progress, func(c *copying) error {
		for _, table := range append(slices.Clone(moved), entries) {
			n, err := c.compare(ctx, table)
			if err != nil {
				return fmt.Errorf("comparing %s: %w", table, err)
			}
			all = append(all, Copied{table, n})
		}
		return nil
	})
	return all, err
}

// EndCopy opens a target to servers, once everything was compared.
func EndCopy(ctx context.Context, direct string) error {
	target, err := postgres.Owner(ctx, direct)
	if err != nil {
		return err
	}
	defer target.Close(context.WithoutCancel(ctx)) //nolint:errcheck // what was committed stays
	if _, err := target.Exec(ctx, `DROP TABLE IF EXISTS auth.copies`); err != nil {
		return fmt.Errorf("ending the copy: %w", err)
	}
	return nil
}

// compare looks up each row of a table in the target, and gives how many there are on both sides.
func (c *copying) compare(ctx context.Context, table string) (int64, error) {
	columns, key, err := c.columns(ctx, table)
	if err != nil {
		return 0, err
	}
	rows, err := c.source.QueryContext(ctx, `SELECT `+names(columns)+` FROM `+table+` ORDER BY `+key)
	if err != nil {
		return 0, fmt.Errorf("reading the source: %w", err)
	}
	defer rows.Close()
	var ours, theirs int64
	for {
		batch, err := take(rows, columns, moveBatch)
		if err != nil {
			return 0, err
		}
		if len(batch) == 0 {
			break
		}
		if err := c.found(ctx, table, strings.Split(key, ", "), columns, batch); err != nil {
			return 0, err
		}
		if ours += int64(len(batch)); table != entries {
			c.done += int64(len(batch))
			c.progress(c.done, c.total)
		}
	}
	if err := c.target.QueryRow(ctx, `SELECT count(*) FROM `+there(table)).Scan(&theirs); err != nil {
		return 0, fmt.Errorf("counting the target: %w", err)
	}
	if ours != theirs {
		return 0, fmt.Errorf("%w: there are %d rows in the source and %d in the target", ErrDifferent, ours, theirs)
	}
	return ours, nil
}

// found demands that the target has each row of a batch.
func (c *copying) found(ctx context.Context, table string, key []string, columns []column, batch [][]any) error {
	arrays, args := arraysOf(columns, batch)
	var same []string
	for _, column := range columns {
		ours, theirs := `s."`+column.name+`"`, `t."`+column.name+`"`
		switch {
		case slices.Contains(key, column.name):
			same = append(same, ours+` = `+theirs)
		case column.typ == "json": // a text that is kept as it is, and has no equality
			same = append(same, ours+`::text IS NOT DISTINCT FROM `+theirs+`::text`)
		default:
			same = append(same, ours+` IS NOT DISTINCT FROM `+theirs)
		}
	}
	var n int
	err := c.target.QueryRow(ctx, `SELECT count(*) FROM unnest(`+arrays+`) AS s (`+names(columns)+`)
		JOIN `+there(table)+` t ON `+strings.Join(same, " AND "), args...).Scan(&n)
	if err != nil {
		return fmt.Errorf("reading the target: %w", err)
	}
	if n != len(batch) {
		return fmt.Errorf("%w: %d of %d rows from %v on", ErrDifferent, len(batch)-n, len(batch), batch[0][0])
	}
	return nil
}
