-- Why: Stalwart refuses a directory's line without description ("Property 'description' is required") and answers 451 to every
-- mail for a box without a display name. Such a box is described by its address.
-- Locks: none that matter (views only).
grant mail_directory_owner to current_user;
create or replace view mail_directory.address as
  select a.address, b.address as name, b.client_secret_hash as secret, coalesce(nullif(b.display_name, ''), b.address) as description
    from app.addresses a
    join app.mailboxes b on b.structure_id = a.structure_id and b.id = a.mailbox_id
    join app.domains d on d.structure_id = b.structure_id and d.id = b.domain_id
    join app.structures s on s.id = b.structure_id
   where a.kind in ('main', 'alias') and b.status = 'active' and d.status = 'active' and s.status = 'active';
revoke mail_directory_owner from current_user;
