/** Example requests on accounts of the staff, and how to provoke what their state forbids. */
import type { Example, Provoke, Request, Scene } from "./example.ts";

const newStaff = () => ({
  login: `a${crypto.randomUUID().slice(0, 8)}@operateur.test`,
  givenName: "Camille",
  familyName: "MARTIN",
  roles: ["operator_support"],
});
const ofStaff = (body?: () => unknown): Example => async (_harness, { operator }) => {
  const made = await operator.post("/api/v1/staff", newStaff());
  return {
    parameters: { personId: made.body.personId },
    ...(body === undefined ? {} : { body: body() }),
  };
};

export const staffExamples: Readonly<Record<string, Example>> = {
  listStaff: () => ({ parameters: {} }),
  createStaff: () => ({ parameters: {}, body: newStaff() }),
  resetStaff: ofStaff(() => ({ reason: "Téléphone perdu" })),
  changeStaffRoles: ofStaff(() => ({ roles: ["auditor"] })),
  closeStaff: ofStaff(),
};

const rows = (scene: Scene, text: string, ...values: unknown[]) => scene.harness.database.rows(text, values);
const personOf = (request: Request) => String(request.parameters["personId"]);
/** The operator of the scene gets an account of his own. */
const giveAccount = (scene: Scene) =>
  rows(
    scene,
    "insert into app.staff_accounts (person_id, login) values ($1, $2)",
    scene.world.operator.personId,
    `o${crypto.randomUUID()}`,
  );

/** The operator of the scene has shown a factor too long ago. */
export const factorRequired: Provoke = async (scene) => {
  const request = await scene.example();
  const shown = (at: string) =>
    rows(
      scene,
      `update app.sessions set factor_at = ${at} where person_id = $1`,
      scene.world.operator.personId,
    );
  await shown("authenticated_at - interval '10 minutes'");
  return { request, undo: () => shown("null") };
};
const ownAccount: Provoke = async (scene) => {
  const request = await scene.example();
  await giveAccount(scene);
  return { request: { ...request, parameters: { personId: scene.world.operator.personId } } };
};
/** Another administrator has just been reset himself, and his session not heard of it yet. */
const lastAdministrator: Provoke = async (scene) => {
  const request = await scene.example();
  await giveAccount(scene);
  const operators = [personOf(request), scene.world.operator.personId];
  const others = await rows(
    scene,
    "delete from app.operator_roles where role = 'operator_administrator' and person_id <> all($1) returning person_id",
    operators,
  );
  await rows(
    scene,
    "insert into app.operator_roles (person_id, role) values ($1, 'operator_administrator')",
    operators[0],
  );
  const undo = () =>
    rows(
      scene,
      "insert into app.operator_roles (person_id, role) select id, 'operator_administrator' from unnest($1::uuid[]) id",
      others.map((row) => row["person_id"]),
    );
  return { request, undo };
};

const closedAccount: Provoke = async (scene) => {
  const request = await scene.example();
  await scene.world.operator.delete(`/api/v1/staff/${personOf(request)}`);
  return { request };
};

export const staffProblemsByOperation = {
  createStaff: {
    "factor-required": factorRequired,
    "staff-login-taken": async (scene: Scene) => {
      const request = await scene.example();
      await scene.world.operator.post("/api/v1/staff", request.body);
      return { request };
    },
  },
  resetStaff: {
    "factor-required": factorRequired,
    "staff-own-account": ownAccount,
    "last-administrator": lastAdministrator,
    "staff-account-closed": closedAccount,
  },
  changeStaffRoles: {
    "factor-required": factorRequired,
    "last-administrator": lastAdministrator,
    "staff-account-closed": closedAccount,
  },
  closeStaff: {
    "factor-required": factorRequired,
    "staff-own-account": ownAccount,
    "last-administrator": lastAdministrator,
  },
} satisfies Record<string, Record<string, Provoke>>;
