-- Why: the secret of a webhook's signatures is replaced without a call that the receiver cannot check: for some hours the secrets
-- before it sign beside the new one (Standard Webhooks: several signatures in one header).
-- Locks: app.webhooks exclusively while two columns are added (constants, no rewrite).

alter table app.webhooks
  -- Until when the secrets before this one sign, too; null = they do not.
  add column old_secrets_until timestamptz,
  -- [{"secret": …, "until": …}], kept by the trigger below and read by the worker alone.
  add column old_secrets jsonb not null default '[]' constraint webhooks__old_secrets check (jsonb_typeof(old_secrets) = 'array' and jsonb_array_length(old_secrets) <= 5);

-- Whoever writes the new secret may not read the old one: the row keeps it by itself. Without an end the old ones are gone at once. An
-- answer that was lost is asked for again: the secret that the receiver has must then still be among the last five.
create function app.keep_old_webhook_secrets() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if new.old_secrets_until is null then
    new.old_secrets := '[]';
  else
    new.old_secrets := (select jsonb_agg(kept.one order by kept.place) from (
      select one, place from jsonb_array_elements(old.old_secrets) with ordinality as before (one, place)
       where (one->>'until')::timestamptz > new.updated_at
      union all select jsonb_build_object('secret', old.secret, 'until', new.old_secrets_until), 1000
      order by place desc limit 5) as kept);
  end if;
  return new;
end $$;
create trigger webhooks__old_secrets before update of secret on app.webhooks for each row execute function app.keep_old_webhook_secrets();

grant select (old_secrets_until), update (secret, old_secrets_until) on app.webhooks to mss_api;
-- The worker takes out what has ended.
grant update (old_secrets, old_secrets_until) on app.webhooks to mss_worker;
