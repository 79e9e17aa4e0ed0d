/**
 * The services that act at the mail server in the platform's name: their logins and the lines in
 * `app.mail_services` by which the server knows them (view `mail_directory.login`).
 */
import pg from "pg";
import { StartFailure } from "../../scripts/stack/failure.ts";
import { serviceSecretHash } from "./service-secret.ts";

export interface Service {
  readonly login: string;
  readonly secret: string;
}

/** Logins of the gateway, the edge and the provisioner; the plan gives the accounts of these names their roles. */
export function serviceLogins(
  operatorDomain: string,
): { gateway: string; edge: string; provisioner: string } {
  return {
    gateway: `gateway@${operatorDomain}`,
    edge: `edge@${operatorDomain}`,
    provisioner: `admin@${operatorDomain}`,
  };
}

/**
 * Writes the services' lines, as the worker's role. Without them nobody can speak to the mail server.
 *
 * @throws StartFailure when the platform's database does not answer or is not migrated
 */
export async function publishServices(
  database: {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly password: string;
  },
  services: readonly Service[],
): Promise<void> {
  const client = new pg.Client({ ...database, user: "mss_worker" });
  client.on("error", () => undefined); // A lost connection shows in the query that was running.
  try {
    await client.connect();
    await client.query("begin");
    await client.query("select set_config('app.scope', 'system', true)");
    for (const { login, secret } of services) {
      await client.query(
        "insert into app.mail_services (login, secret_hash) values ($1, $2) on conflict (login) do update set secret_hash = excluded.secret_hash, updated_at = now() where app.mail_services.secret_hash <> excluded.secret_hash",
        [login, await serviceSecretHash(secret)],
      );
    }
    await client.query("commit");
  } catch (cause) {
    throw new StartFailure(
      "The mail server's services could not be written to the platform's database: is it migrated?",
      { cause },
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}
