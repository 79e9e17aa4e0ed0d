-- Why: a person opens a box only while its domain is active too, so the domain of such a box must be visible to that person.
-- Locks: none that matter (a policy takes an access exclusive lock on app.domains for an instant).
create policy person on app.domains for select to mss_api, mss_worker using ((select app.scope()) = 'person' and exists (
  select from app.mailboxes b where b.structure_id = domains.structure_id and b.domain_id = domains.id));
