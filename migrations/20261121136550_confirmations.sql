-- Why: an act may ask a person to show card or phone again; the attempt then belongs to the session that it confirms.
-- Locks: app.sign_in_attempts for the moment of adding a column without a default.
alter table app.sign_in_attempts add column session_id uuid references app.sessions (id) on delete cascade;
create index sign_in_attempts__session_id on app.sign_in_attempts (session_id);
