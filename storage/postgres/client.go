package postgres

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"

	"mana/provider"
	"mana/provider/identity"
)

// Provider keeps clients, requests in progress, consents, grants and codes.
type Provider struct{ db *DB }

var _ provider.Store = (*Provider)(nil)

// Provider is the part of the engine that knows OAuth.
func (db *DB) Provider() *Provider { return &Provider{db} }

const clientColumns = `c.id, c.name, c.secret_hashes, c.redirect_uris, c.post_logout_redirect_uris, c.grant_types,
	c.scopes, c.app_ids, c.audiences, c.first_party, c.disabled, c.pkce_exempt, c.rotate_refresh,
	c.refresh_idle_seconds, c.refresh_max_seconds, c.id_token_seconds, c.id_token_alg, c.created_at`

// clientRow reads clientColumns.
type clientRow struct {
	client                                               provider.Client
	secrets, redirects, postLogout, grants, scopes, apps string
	audiences                                            string
	idle, longest, idToken                               int64
}

func (r *clientRow) targets() []any {
	return []any{
		&r.client.ID, &r.client.Name, &r.secrets, &r.redirects, &r.postLogout, &r.grants,
		&r.scopes, &r.apps, &r.audiences, &r.client.FirstParty, &r.client.Disabled, &r.client.PKCEExempt,
		&r.client.RotateRefresh, &r.idle, &r.longest, &r.idToken, &r.client.IDTokenAlg, &r.client.CreatedAt,
	}
}

func (r *clientRow) value() (provider.Client, error) {
	c := r.client
	c.RefreshIdle, c.RefreshMax = time.Duration(r.idle)*time.Second, time.Duration(r.longest)*time.Second
	c.IDTokenLife = time.Duration(r.idToken) * time.Second
	var err error
	if c.Secrets, err = decodeList[provider.ClientSecret](r.secrets); err != nil {
		return c, err
	}
	return c, decodeLists(storedList{r.redirects, &c.RedirectURIs}, storedList{r.postLogout, &c.PostLogoutRedirectURIs},
		storedList{r.grants, &c.GrantTypes}, storedList{r.scopes, &c.Scopes}, storedList{r.apps, &c.AppIDs},
		storedList{r.audiences, &c.Audiences})
}

// Client implements [provider.Clients].
func (s *Provider) Client(ctx context.Context, id string) (provider.Client, error) {
	var row clientRow
	err := s.db.reader(ctx, system)(`SELECT `+clientColumns+` FROM auth.clients c WHERE c.id = $1`, id).
		Scan(row.targets()...)
	if err != nil {
		return provider.Client{}, notFound(err, provider.ErrUnknownClient)
	}
	return row.value()
}

// SaveClient implements [provider.Clients].
func (s *Provider) SaveClient(ctx context.Context, c provider.Client) error {
	return s.db.write(ctx, system, func(t *tx) error { return upsertClient(t, c) })
}

func upsertClient(t *tx, c provider.Client) error {
	_, err := t.exec(`INSERT INTO auth.clients (id, name, secret_hashes, redirect_uris, post_logout_redirect_uris,
			grant_types, scopes, app_ids, audiences, first_party, disabled, pkce_exempt, rotate_refresh,
			refresh_idle_seconds, refresh_max_seconds, id_token_seconds, id_token_alg, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, secret_hashes = excluded.secret_hashes,
			redirect_uris = excluded.redirect_uris, post_logout_redirect_uris = excluded.post_logout_redirect_uris,
			grant_types = excluded.grant_types, scopes = excluded.scopes, app_ids = excluded.app_ids,
			audiences = excluded.audiences, first_party = excluded.first_party, disabled = excluded.disabled,
			pkce_exempt = excluded.pkce_exempt, rotate_refresh = excluded.rotate_refresh,
			refresh_idle_seconds = excluded.refresh_idle_seconds, refresh_max_seconds = excluded.refresh_max_seconds,
			id_token_seconds = excluded.id_token_seconds, id_token_alg = excluded.id_token_alg`,
		c.ID, c.Name, encodeList(c.Secrets), encodeList(c.RedirectURIs), encodeList(c.PostLogoutRedirectURIs),
		encodeList(c.GrantTypes), encodeList(c.Scopes), encodeList(c.AppIDs), encodeList(c.Audiences),
		c.FirstParty, c.Disabled, c.PKCEExempt, c.RotateRefresh, wholeSeconds(c.RefreshIdle), wholeSeconds(c.RefreshMax),
		wholeSeconds(c.IDTokenLife), c.IDTokenAlg, c.CreatedAt)
	return err
}

const listClients = `SELECT ` + clientColumns + ` FROM auth.clients c ORDER BY c.name COLLATE "C", c.id COLLATE "C"`

// ListClients implements [provider.Clients].
func (s *Provider) ListClients(ctx context.Context) ([]provider.Client, error) {
	var found []provider.Client
	if err := s.db.read(ctx, system, listClients, all(&found, scanClient)); err != nil {
		return nil, fmt.Errorf("listing clients: %w", err)
	}
	return found, nil
}

func scanClient(row pgx.CollectableRow) (provider.Client, error) {
	var r clientRow
	if err := row.Scan(r.targets()...); err != nil {
		return provider.Client{}, err
	}
	return r.value()
}

// ReviseClients implements [provider.Clients].
func (s *Provider) ReviseClients(ctx context.Context, by identity.Actor, revise func(map[string]provider.Client) ([]provider.Client, error)) error {
	return s.db.write(ctx, system, func(t *tx) error {
		if err := lockTable(t, "auth.clients"); err != nil {
			return err
		}
		rows, err := t.query(listClients)
		if err != nil {
			return fmt.Errorf("listing clients: %w", err)
		}
		found, err := pgx.CollectRows(rows, scanClient)
		if err != nil {
			return fmt.Errorf("listing clients: %w", err)
		}
		stored := make(map[string]provider.Client, len(found))
		for _, c := range found {
			stored[c.ID] = c
		}
		wanted, err := revise(maps.Clone(stored))
		if err != nil {
			return err
		}
		for _, c := range wanted {
			if reflect.DeepEqual(c, stored[c.ID]) {
				continue
			}
			if err := upsertClient(t, c); err != nil {
				return fmt.Errorf("storing client %q: %w", c.ID, err)
			}
			if err := insertAct(t, by, provider.ClientEvent(stored[c.ID], c), s.db.clock()); err != nil {
				return err
			}
		}
		return nil
	})
}

// lockTable keeps other writers out of a table until the end of the transaction; readers go on. It is for what is
// changed seldom and must be looked at as a whole.
func lockTable(t *tx, table string) error {
	if _, err := t.exec(`LOCK TABLE ` + table + ` IN SHARE ROW EXCLUSIVE MODE`); err != nil {
		return fmt.Errorf("locking %s: %w", table, err)
	}
	return nil
}

// RemoveClient implements [provider.Clients]. What belongs to the client goes with it by foreign keys.
func (s *Provider) RemoveClient(ctx context.Context, by identity.Actor, id string) error {
	return s.db.write(ctx, system, func(t *tx) error {
		var row clientRow
		if err := t.queryRow(`SELECT `+clientColumns+` FROM auth.clients c WHERE c.id = $1`, id).Scan(row.targets()...); err != nil {
			return notFound(err, provider.ErrUnknownClient)
		}
		client, err := row.value()
		if err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM auth.clients WHERE id = $1`, id); err != nil {
			return err
		}
		return insertAct(t, by, provider.ClientEvent(client, provider.Client{}), s.db.clock())
	})
}
