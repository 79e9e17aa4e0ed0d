-- Why: a policy compared the transaction's scope for every row that was read, and each of its comparisons was a subquery that every
-- statement planned: a search through a structure's boxes cost a quarter more than without policies. The scope is now compared once for
-- a statement: what a policy asks of a row is whether its key is the one value that the scope allows, or nothing at all where the
-- platform works. And the planner took a policy for a filter that keeps half of the rows: of IS NOT NULL it supposes nearly all, so that
-- its plan is the one it would choose without policies. Who sees what stays the same.
-- Locks: the tables exclusively, for a moment each (policies only).
do $$
declare
  p record;
  own_structure text := $q$(select case when current_setting('app.scope', true) = 'structure' then nullif(current_setting('app.structure_id', true), '')::uuid end)$q$;
  own_person text := $q$(select case when current_setting('app.scope', true) = 'person' then nullif(current_setting('app.person_id', true), '')::uuid end)$q$;
  rule text;
  key text;
begin
  for p in
    select tablename, policyname, with_check is not null and with_check = qual as writes_alike, with_check is null as reads,
           -- One spelling of what two migrations wrote in two.
           replace(replace(replace(regexp_replace(qual, '\s+', ' ', 'g'),
             'current_setting(''app.scope''::text, true) AS scope', 'app.scope() AS scope'),
             '(NULLIF(current_setting(''app.structure_id''::text, true), ''''::text))::uuid AS structure_id', 'app.structure_id() AS structure_id'),
             '(NULLIF(current_setting(''app.person_id''::text, true), ''''::text))::uuid AS person_id', 'app.person_id() AS person_id') as qual
      from pg_policies where schemaname = 'app' and (with_check is null or with_check = qual)
  loop
    rule := null;
    if p.qual ~ '^\(\( SELECT app\.scope\(\) AS scope\) = ANY \(ARRAY\[''system''::text, ''operator''::text\]\)\)$' then
      rule := $q$(select case when current_setting('app.scope', true) in ('system', 'operator') then true end) is not null$q$;
    else
      key := coalesce(
        substring(p.qual from '^ ?CASE WHEN \(\( SELECT app\.scope\(\) AS scope\) = ''structure''::text\) THEN \((\w+) = \( SELECT app\.structure_id\(\) AS structure_id\)\) ELSE false END$'),
        substring(p.qual from '^\(\(\( SELECT app\.scope\(\) AS scope\) = ''structure''::text\) AND \((\w+) = \( SELECT app\.structure_id\(\) AS structure_id\)\)\)$'));
      if key is not null then rule := format('%I = %s', key, own_structure); end if;
      key := substring(p.qual from '^\(\(\( SELECT app\.scope\(\) AS scope\) = ''person''::text\) AND \((\w+) = \( SELECT app\.person_id\(\) AS person_id\)\)\)$');
      if key is not null then rule := format('%I = %s', key, own_person); end if;
    end if;
    if rule is not null then
      execute format('alter policy %I on app.%I using (%s)%s', p.policyname, p.tablename, rule,
        case when p.writes_alike then format(' with check (%s)', rule) else '' end);
    end if;
  end loop;
end $$;

alter policy person on app.mailboxes using (
  holder_id_nat_ps = (select case when current_setting('app.scope', true) = 'person' then app.own_id_nat_ps() end)
  or id = any((select case when current_setting('app.scope', true) = 'person' then app.shared_mailboxes() end)::uuid[]));
alter policy person on app.addresses using (
  mailbox_id = any((select case when current_setting('app.scope', true) = 'person' then app.opened_mailboxes() end)::uuid[]));
alter policy person on app.domains using (
  id = any((select case when current_setting('app.scope', true) = 'person' then app.opened_domains() end)::uuid[]));
alter policy person on app.structures using (
  id = any((select case when current_setting('app.scope', true) = 'person' then app.known_structures() end)::uuid[])
  or reseller_id = any((select case when current_setting('app.scope', true) = 'person' then app.administered_structures() end)::uuid[]));
alter policy person on app.submissions
  using (mailbox_id = any((select case when current_setting('app.scope', true) = 'person' then app.opened_mailboxes() end)::uuid[]))
  with check (mailbox_id = any((select case when current_setting('app.scope', true) = 'person' then app.opened_mailboxes() end)::uuid[]));
alter policy person on app.mailbox_delegations using (
  person_id = (select case when current_setting('app.scope', true) = 'person' then nullif(current_setting('app.person_id', true), '')::uuid end)
  and revoked_at is null and starts_at <= now() and (ends_at is null or ends_at > now()));
