-- Why: a box signs in nowhere by itself any more: people and software sign in at the edge (app.app_passwords, app.client_certificates,
-- access tokens), which speaks to the mail server in a service's name. The views show a secret for services alone.
-- Locks: app.mailboxes while the passwords that were given are forgotten; a second at 100 000 boxes. The column goes with a later
-- release, since the code of the one before still reads it.
alter table app.mailboxes no force row level security;
update app.mailboxes set client_secret_hash = null where client_secret_hash is not null;
alter table app.mailboxes force row level security;

grant mail_directory_owner to current_user;
create or replace view mail_directory.address as
  select a.address, b.address as name, null::text as secret, coalesce(nullif(b.display_name, ''), b.address) as description
    from app.addresses a
    join app.mailboxes b on b.structure_id = a.structure_id and b.id = a.mailbox_id
    join app.domains d on d.structure_id = b.structure_id and d.id = b.domain_id
    join app.structures s on s.id = b.structure_id
   where a.kind in ('main', 'alias') and b.status = 'active' and d.status = 'active' and s.status = 'active'
     and (b.moved_from_address is null or b.moved_at is not null);
revoke mail_directory_owner from current_user;
