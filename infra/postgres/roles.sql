-- Roles of the database server. Run once by the cluster's superuser, before any migration; running it again changes nothing
-- but the passwords. The caller gives them as psql variables (owner_password, api_password, worker_password,
-- directory_password, stalwart_password): there is no default, a missing one is an error.
--
-- mss_owner              owns schemas app and mail_directory, runs the migrations, serves no request
-- mss_api                the HTTP process: owns nothing, cannot bypass row-level security
-- mss_worker             the workers: owns the job queue's schemas, otherwise the same rights as mss_api
-- mail_directory_owner   owner of the views the mail server reads; nobody signs in as it
-- mail_directory         the mail server's role: reads those views and nothing else
-- stalwart               owns its own database `stalwart` and sees no other
\set ON_ERROR_STOP on
select format('create role %I nologin noinherit', r) from unnest(array['mss_owner','mss_api','mss_worker','mail_directory_owner','mail_directory','stalwart']) r
  where not exists (select from pg_roles where rolname = r) \gexec
alter role mss_owner login password :'owner_password' createrole nobypassrls nosuperuser;
alter role mss_api login password :'api_password' nobypassrls nosuperuser nocreatedb nocreaterole;
alter role mss_worker login password :'worker_password' nobypassrls nosuperuser nocreatedb nocreaterole;
alter role mail_directory login password :'directory_password' nobypassrls nosuperuser nocreatedb nocreaterole;
alter role stalwart login password :'stalwart_password' nobypassrls nosuperuser nocreatedb nocreaterole;
alter role mss_owner inherit;
-- Owner of its database, and so of its schema public, only by the rights it inherits from pg_database_owner.
alter role stalwart inherit;

alter role mail_directory set default_transaction_read_only = on;
alter role mail_directory set statement_timeout = '3s';
alter role mail_directory set search_path = mail_directory;
alter role mss_api set statement_timeout = '15s';
alter role mss_api set lock_timeout = '5s';
alter role mss_api set idle_in_transaction_session_timeout = '30s';

select 'create database platform owner mss_owner' where not exists (select from pg_database where datname = 'platform') \gexec
select 'create database stalwart owner stalwart' where not exists (select from pg_database where datname = 'stalwart') \gexec
revoke connect, temporary on database platform from public;
grant create on database platform to mss_worker;
revoke connect, temporary on database stalwart from public;
grant connect on database platform to mss_api, mss_worker, mail_directory;
