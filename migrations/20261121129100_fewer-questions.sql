-- Why: each of these functions asked the one before it again; a person's list of boxes cost twenty small statements inside its one.
-- Locks: none (functions only).
create or replace function app.opened_mailboxes() returns uuid[] stable language plpgsql as $$
declare
  own text := app.own_id_nat_ps();
begin
  return array(
    select m.mailbox_id from app.mailbox_members m where m.person_id = app.person_id()
    union all
    select d.mailbox_id from app.mailbox_delegations d where d.person_id = app.person_id() and d.revoked_at is null
    union all
    select b.id from app.mailboxes b where b.holder_id_nat_ps = own);
end $$;

create or replace function app.opened_domains() returns uuid[] stable language plpgsql as $$
declare
  own text := app.own_id_nat_ps();
  shared uuid[] := app.shared_mailboxes();
begin
  return array(
    select b.domain_id from app.mailboxes b where b.id = any(shared)
    union all
    select b.domain_id from app.mailboxes b where b.holder_id_nat_ps = own);
end $$;

-- A member's and a delegate's rows say the structure themselves.
create or replace function app.known_structures() returns uuid[] stable language plpgsql as $$
declare
  own text := app.own_id_nat_ps();
begin
  return array(
    select m.structure_id from app.memberships m where m.person_id = app.person_id()
    union all
    select m.structure_id from app.mailbox_members m where m.person_id = app.person_id()
    union all
    select d.structure_id from app.mailbox_delegations d where d.person_id = app.person_id() and d.revoked_at is null
    union all
    select b.structure_id from app.mailboxes b where b.holder_id_nat_ps = own);
end $$;
