-- Why: what software got for a token of Pro Santé Connect ends with a logout of that token's session, as what a mail program opened by it does.
-- Locks: app.oauth_grants for the moment of adding two columns without a default.

-- When the exchanged token was given out, and SHA-256 of the provider's session in which it was; null for what no token was exchanged for.
alter table app.oauth_grants add column token_issued_at timestamptz;
alter table app.oauth_grants add column token_session_hash bytea;
