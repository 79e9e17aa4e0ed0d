-- Why: a policy that looks into another table is planned with that table's policies, and so on: 0.3 to 0.9 ms for each statement
-- of any scope, ten times what the statement itself takes (load/row-security). What a person opens is now asked of functions,
-- which the planner does not look into; an array that is evaluated once per statement, and only in a person's scope, is also
-- something an index can be asked for. Who sees what stays the same.
-- Locks: the tables exclusively, for a moment each (policies only).
--
-- The functions run as who calls them, under the policies of the tables that they read: they show nothing by themselves. None
-- of them reads a table whose policy calls it.

create function app.own_id_nat_ps() returns text stable language plpgsql as $$
begin
  return (select p.id_nat_ps from app.people p where p.id = app.person_id());
end $$;

-- As a member, or by a delegation that is in force (the policy of app.mailbox_delegations says which are).
create function app.shared_mailboxes() returns uuid[] stable language plpgsql as $$
begin
  return array(
    select m.mailbox_id from app.mailbox_members m where m.person_id = app.person_id()
    union all
    select d.mailbox_id from app.mailbox_delegations d where d.person_id = app.person_id() and d.revoked_at is null);
end $$;

-- The same and those of which the person is the holder.
create function app.opened_mailboxes() returns uuid[] stable language plpgsql as $$
declare
  own text := app.own_id_nat_ps();
begin
  return app.shared_mailboxes() || array(select b.id from app.mailboxes b where b.holder_id_nat_ps = own);
end $$;

create function app.opened_domains() returns uuid[] stable language plpgsql as $$
declare
  opened uuid[] := app.opened_mailboxes();
begin
  return array(select b.domain_id from app.mailboxes b where b.id = any(opened));
end $$;

-- Where the person has a role or opens a box.
create function app.known_structures() returns uuid[] stable language plpgsql as $$
declare
  opened uuid[] := app.opened_mailboxes();
begin
  return array(
    select m.structure_id from app.memberships m where m.person_id = app.person_id()
    union all
    select b.structure_id from app.mailboxes b where b.id = any(opened));
end $$;

-- The resellers whose administrator the person is: he sees their children.
create function app.administered_structures() returns uuid[] stable language plpgsql as $$
begin
  return array(select m.structure_id from app.memberships m
    where m.person_id = app.person_id() and m.role = 'structure_administrator');
end $$;

drop policy person on app.mailboxes;
create policy person on app.mailboxes for select to mss_api, mss_worker using ((select app.scope()) = 'person' and (
  holder_id_nat_ps = (select app.own_id_nat_ps()) or id = any((select app.shared_mailboxes())::uuid[])));
drop policy person on app.addresses;
create policy person on app.addresses for select to mss_api, mss_worker using (
  (select app.scope()) = 'person' and mailbox_id = any((select app.opened_mailboxes())::uuid[]));
drop policy person on app.domains;
create policy person on app.domains for select to mss_api, mss_worker using (
  (select app.scope()) = 'person' and id = any((select app.opened_domains())::uuid[]));
drop policy person on app.structures;
create policy person on app.structures for select to mss_api, mss_worker using ((select app.scope()) = 'person' and (
  id = any((select app.known_structures())::uuid[]) or reseller_id = any((select app.administered_structures())::uuid[])));
drop policy person on app.submissions;
create policy person on app.submissions to mss_api, mss_worker
  using ((select app.scope()) = 'person' and mailbox_id = any((select app.opened_mailboxes())::uuid[]))
  with check ((select app.scope()) = 'person' and mailbox_id = any((select app.opened_mailboxes())::uuid[]));
