-- Why: families of tokens that have ended were kept for ever (software makes one per exchange), and nobody saw when a program was
-- last used, until when a software's certificate is good, or could stop a client for a time.
-- Locks: app.oauth_clients, app.oauth_grants and app.oauth_codes against writing while their indexes are made: some seconds per
-- million families. The columns have no default that is computed, and rewrite nothing.

alter table app.oauth_clients
  add column version integer not null default 1,
  -- No token is given meanwhile, and those that were given have ended.
  add column suspended_at timestamptz,
  -- To the minute, of any of its tokens.
  add column last_used_at timestamptz,
  -- Of the certificate that it showed last: it is renewed without anybody saying so.
  add column certificate_expires_at timestamptz;
-- To the minute.
alter table app.oauth_grants add column last_used_at timestamptz;

-- What has ended, the oldest first: `least` passes over a null.
create index oauth_grants__ended on app.oauth_grants ((least(expires_at, revoked_at)));
create index oauth_grants__client_id on app.oauth_grants (client_id) where revoked_at is null;
-- A family that is deleted takes its code along.
create index oauth_codes__grant_id on app.oauth_codes (grant_id) where grant_id is not null;
