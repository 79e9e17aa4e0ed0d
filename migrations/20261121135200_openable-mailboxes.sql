-- Why: which boxes a person opens is asked at each of his requests to the mail, of six tables with policies: half of its time went into
-- planning them. One function now answers it for the person that the transaction is for, and for nobody in any other scope; its one
-- statement is planned once for a connection. It reads with the rights of the owner of the mail server's views, which is nobody's role:
-- the person comes from the transaction's setting, as in every policy, and is no argument.
-- Locks: none that matter (a function, policies of a role that nobody has).
create function app.openable_mailboxes(moment timestamptz, wanted uuid default null)
returns table (id uuid, structure_id uuid, structure_name text, address text, display_name text, type text, is_holder boolean,
  is_member boolean, may_write boolean, may_send_as boolean, may_send_on_behalf boolean, ends_at timestamptz)
stable rows 5 security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  who uuid := case when current_setting('app.scope', true) = 'person' then nullif(current_setting('app.person_id', true), '')::uuid end;
  own text;
begin
  select p.id_nat_ps into own from app.people p where p.id = who and p.status = 'active';
  if not found then return; end if;
  return query
    with share as (
      select m.mailbox_id, true as is_member, null::boolean as may_write, null::boolean as may_send_as,
             null::boolean as may_send_on_behalf, null::timestamptz as ends_at
        from app.mailbox_members m where m.person_id = who
      union all
      select d.mailbox_id, false, d.may_write, d.may_send_as, d.may_send_on_behalf, d.ends_at
        from app.mailbox_delegations d
       where d.person_id = who and d.revoked_at is null and d.may_read and d.starts_at <= moment and (d.ends_at is null or d.ends_at > moment)
      union all
      select b.id, false, null, null, null, null from app.mailboxes b where b.holder_id_nat_ps = own
    )
    -- Of several ways into one box the first: as its holder, as a member, by a delegation.
    select distinct on (b.address) b.id, b.structure_id, s.name, b.address, b.display_name, b.type, b.holder_id_nat_ps is not distinct from own and own is not null,
           share.is_member, share.may_write, share.may_send_as, share.may_send_on_behalf, share.ends_at
      from share
      join app.mailboxes b on b.id = share.mailbox_id
      join app.structures s on s.id = b.structure_id
      join app.domains d on d.structure_id = b.structure_id and d.id = b.domain_id
     where (wanted is null or b.id = wanted) and b.status = 'active' and d.status = 'active' and s.status = 'active'
       and (b.moved_from_address is null or b.moved_at is not null)
     order by b.address, share.is_member desc;
end $$;

grant mail_directory_owner to current_user;
grant create on schema app to mail_directory_owner;
grant select on app.mailbox_members, app.mailbox_delegations to mail_directory_owner;
grant select (id, id_nat_ps, status) on app.people to mail_directory_owner;
create policy mail_directory on app.mailbox_members for select to mail_directory_owner using (true);
create policy mail_directory on app.mailbox_delegations for select to mail_directory_owner using (true);
create policy mail_directory on app.people for select to mail_directory_owner using (true);
alter function app.openable_mailboxes(timestamptz, uuid) owner to mail_directory_owner;
revoke all on function app.openable_mailboxes(timestamptz, uuid) from public;
grant execute on function app.openable_mailboxes(timestamptz, uuid) to mss_api, mss_worker;
revoke create on schema app from mail_directory_owner;
revoke mail_directory_owner from current_user;
