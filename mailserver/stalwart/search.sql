-- Search in the mail server's own database, run by its owner (role stalwart) once the server has made its tables.
-- Why: the server alone finds neither "hemoglobine" in "hémoglobine", nor "hopital" in x@hopital.test. It calls
-- to_tsvector('french', …) by bare name, so a configuration of that name in an earlier schema of the search path wins:
-- here every name means "without accents, French stems", whatever language the server guessed for a message.
-- The trigger adds the parts of addresses. Repeatable. Mails indexed before keep their old words.
create extension if not exists unaccent with schema public;
create schema if not exists mail_ts;
do $$ declare c record; begin
  for c in select cfgname from pg_ts_config where cfgnamespace = 'pg_catalog'::regnamespace loop
    if not exists (select from pg_ts_config where cfgnamespace = 'mail_ts'::regnamespace and cfgname = c.cfgname) then
      execute format('create text search configuration mail_ts.%I (copy = pg_catalog.french)', c.cfgname);
      execute format('alter text search configuration mail_ts.%I alter mapping for asciiword, asciihword, hword_asciipart, hword, hword_part, word with public.unaccent, pg_catalog.french_stem', c.cfgname);
    end if;
  end loop; end $$;
create or replace function mail_ts.address_parts() returns trigger language plpgsql as $$ begin
  new.fadr := coalesce(new.fadr, '') || to_tsvector('mail_ts.simple', regexp_replace(coalesce(new.s_fr, ''), '[@._<>-]+', ' ', 'g'));
  new.tadr := coalesce(new.tadr, '') || to_tsvector('mail_ts.simple', regexp_replace(coalesce(new.s_to, ''), '[@._<>-]+', ' ', 'g'));
  return new; end $$;
create or replace trigger address_parts before insert or update on public.s_email for each row execute function mail_ts.address_parts();
do $$ begin
  execute format('alter role %I in database %I set search_path = public, mail_ts, pg_catalog', current_user, current_database());
end $$;
