/**
 * The demo world, made through the platform's own verbs: two structures with their domains, boxes and people. Repeatable:
 * what stands already is left as it is. Run with the worker's environment, never in production.
 *
 *   deno run -A scripts/seed.ts --app-password-directory <directory>
 *
 * The last line on standard output is JSON: `{ "people": [{ "name", "role", "mailboxes": [address, …] }] }`.
 */
import { stat, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { readConfig } from "../api/config.ts";
import type { Context, StructureRole } from "../api/context.ts";
import { inSystem } from "../api/database/in-tenant.ts";
import { createDatabase, createPool } from "../api/database/pool.ts";
import { createAppPassword } from "../api/client-access/mod.ts";
import { addMember, createMailbox, type NewMailbox } from "../api/mailboxes/mod.ts";
import { createLog } from "../api/process.ts";
import {
  changeStructure,
  createDomain,
  createStructure,
  findOrNotePerson,
  grantMembership,
} from "../api/tenancy/mod.ts";
import { appPasswordName } from "./stack/app-password-name.ts";

interface DemoPerson {
  readonly idNatPs: string;
  readonly givenName: string;
  readonly familyName: string;
}
const people = {
  anne: { idNatPs: "899900000011", givenName: "Anne", familyName: "ALLARD" },
  bruno: { idNatPs: "899900000029", givenName: "Bruno", familyName: "BERNARD" },
  claire: { idNatPs: "ANS20261121000001", givenName: "Claire", familyName: "CORBEAU" },
  olivier: { idNatPs: "ANS20261121000002", givenName: "Olivier", familyName: "OPERATEUR" },
  alice: { idNatPs: "ANS20261121000003", givenName: "Alice", familyName: "ADMIN" },
  djibril: { idNatPs: "899900000037", givenName: "Djibril", familyName: "AUDIT" },
} as const satisfies Record<string, DemoPerson>;
/** Unknown to the platform until somebody gives her a role. */
const helene: DemoPerson = { idNatPs: "899900000045", givenName: "Hélène", familyName: "HENRY" };

const quotaBytes = 2_147_483_648;
const appPasswordDays = 365;
const plain = { displayName: "", description: "", service: "", responsible: "", quotaBytes };
const boxes = {
  anne: { ...plain, address: "anne.allard@alpha.mssante.test", type: "PER", displayName: "Dr Anne ALLARD" },
  secretariat: {
    ...plain,
    address: "secretariat@alpha.mssante.test",
    type: "ORG",
    displayName: "Secrétariat du Cabinet médical Alpha",
    service: "Secrétariat",
    responsible: "Anne ALLARD",
  },
  bruno: {
    ...plain,
    address: "bruno.bernard@beta.mssante.test",
    type: "PER",
    displayName: "Dr Bruno BERNARD",
  },
} as const;

/**
 * Makes whatever of the demo world is missing.
 *
 * @param appPasswordDirectory receives one file per box, with what opens it to a mail client
 */
export async function seed(ctx: Context, appPasswordDirectory: string): Promise<void> {
  for (const person of Object.values(people)) {
    await inSystem(ctx, (tx) => findOrNotePerson(tx, person, ctx.now()));
  }
  const alpha = await structure(ctx, "312345678900011", "Cabinet médical Alpha", "alpha.mssante.test");
  const beta = await structure(ctx, "1750000001", "Clinique Bêta", "beta.mssante.test");
  await operatorAdministrator(ctx, people.olivier.idNatPs);
  await membership(ctx, alpha, people.alice, "structure_administrator");
  await membership(ctx, alpha, people.anne, "user");
  await membership(ctx, beta, people.bruno, "user");

  const anne = await mailbox(ctx, { ...boxes.anne, structureId: alpha, holderIdNatPs: people.anne.idNatPs });
  const secretariat = await mailbox(ctx, { ...boxes.secretariat, structureId: alpha });
  const bruno = await mailbox(ctx, {
    ...boxes.bruno,
    structureId: beta,
    holderIdNatPs: people.bruno.idNatPs,
  });
  for (const person of [people.anne, people.claire]) {
    await addMember(ctx, { mailboxId: secretariat, ...person });
  }
  for (
    const [mailboxId, box, who] of [
      [anne, boxes.anne, people.anne],
      [secretariat, boxes.secretariat, people.claire],
      [bruno, boxes.bruno, people.bruno],
    ] as const
  ) {
    await appPassword(ctx, `${appPasswordDirectory}/${appPasswordName(box.address)}`, mailboxId, who);
  }
}

/** The person's own act, done once: the platform says an app password at its making alone. */
async function appPassword(ctx: Context, path: string, mailboxId: string, who: DemoPerson): Promise<void> {
  if (await stat(path).then(() => true, () => false)) return;
  const { id: personId } = await inSystem(
    ctx,
    (tx) =>
      tx.selectFrom("app.people").select("id").where("id_nat_ps", "=", who.idNatPs).executeTakeFirstOrThrow(),
  );
  const actor = {
    kind: "person",
    personId,
    sessionId: crypto.randomUUID(),
    displayName: `${who.givenName} ${who.familyName}`,
    idNatPs: who.idNatPs,
    operatorRoles: [],
    memberships: [],
  } as const;
  const { secret } = await createAppPassword({ ...ctx, actor }, {
    mailboxId,
    device: "Démonstration",
    scopes: ["imap", "submission"],
  }, appPasswordDays);
  await writeFile(path, secret, { mode: 0o600 });
}

/** What `scripts/start` prints at the end. */
export const demoPeople = [
  person(people.anne, "médecin, Cabinet médical Alpha", [boxes.anne.address, boxes.secretariat.address]),
  person(people.bruno, "cardiologue, Clinique Bêta", [boxes.bruno.address]),
  person(people.claire, "secrétaire médicale, Cabinet médical Alpha", [boxes.secretariat.address]),
  person(people.alice, "administratrice du Cabinet médical Alpha", []),
  person(people.olivier, "administrateur de l'opérateur", []),
  person(people.djibril, "pharmacien, sans boîte aux lettres", []),
  person(helene, "à faire administratrice d'une structure que l'on ouvre (RPPS 99900000045)", []),
];

function person({ givenName, familyName }: DemoPerson, role: string, mailboxes: readonly string[]) {
  return { name: `${givenName} ${familyName}`, role, mailboxes };
}

async function structure(ctx: Context, idNatStruct: string, name: string, domain: string): Promise<string> {
  const found = await inSystem(
    ctx,
    (tx) =>
      tx.selectFrom("app.structures").select("id").where("id_nat_struct", "=", idNatStruct)
        .executeTakeFirst(),
  );
  const structureId = found?.id ?? (await createStructure(ctx, { idNatStruct, name })).id;
  await changeStructure(ctx, { structureId, settings: { appPasswordsAllowed: true } });
  const hasDomain = await inSystem(
    ctx,
    (tx) => tx.selectFrom("app.domains").select("id").where("name", "=", domain).executeTakeFirst(),
  );
  if (!hasDomain) await createDomain(ctx, { structureId, name: domain });
  return structureId;
}

async function mailbox(ctx: Context, box: NewMailbox): Promise<string> {
  const found = await inSystem(
    ctx,
    (tx) => tx.selectFrom("app.mailboxes").select("id").where("address", "=", box.address).executeTakeFirst(),
  );
  return found?.id ?? (await createMailbox(ctx, box)).id;
}

async function membership(
  ctx: Context,
  structureId: string,
  who: DemoPerson,
  role: StructureRole,
): Promise<void> {
  await grantMembership(ctx, { structureId, ...who, role });
}

/** The first administrator of an operator: there is nobody yet who could make him one. */
async function operatorAdministrator(ctx: Context, idNatPs: string): Promise<void> {
  await inSystem(ctx, async (tx) => {
    const { id } = await tx.selectFrom("app.people").select("id").where("id_nat_ps", "=", idNatPs)
      .executeTakeFirstOrThrow();
    await tx.insertInto("app.operator_roles").values({ person_id: id, role: "operator_administrator" })
      .onConflict((conflict) => conflict.doNothing()).execute();
  });
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { "app-password-directory": { type: "string" } } });
  const directory = values["app-password-directory"];
  if (directory === undefined) throw new Error("--app-password-directory is missing");
  const db = createDatabase(createPool(readConfig().database));
  try {
    const actor = { kind: "system", job: "seed" } as const;
    const ctx = { db, actor, requestId: crypto.randomUUID(), now: () => new Date(), log: createLog("seed") };
    await seed(ctx, directory);
    console.log(JSON.stringify({ people: demoPeople }));
  } finally {
    await db.destroy();
  }
}
