-- Why: the opening of a box by somebody else than its holder stands in the trail once per session and box, whichever process of the
-- gateway meets it first.
-- Locks: app.audit_events, for its writers, while the index is made over no row.
create unique index audit_events__opening on app.audit_events (subject_id, (after ->> 'sessionId')) where action = 'mailbox.open';
