/**
 * `Idempotency-Key` on POST: whoever lost the answer sends the request again and gets the first answer, not a second act.
 *
 * The key belongs to the person or service account; another method, path or body under it is refused. The row is claimed
 * before the act and completed after its answer. Should the process die in between, the claim goes stale after a minute
 * and the request runs again: the act's own unique constraints then keep it from happening twice.
 */
import { createHash } from "node:crypto";
import { createMiddleware } from "hono/factory";
import type { Context } from "../context.ts";
import { inPerson } from "../database/in-tenant.ts";
import { claimKey, completeKey, releaseKey } from "../database/idempotency-keys.ts";
import { problem } from "../problems.ts";
import { type ApiEnv, contextOf, z } from "./openapi.ts";

const header = "idempotency-key";

export const idempotencyHeader = z.object({
  [header]: z.string().regex(/^[\x21-\x7e]{1,255}$/, "must be 1 to 255 printable ASCII characters").optional()
    .openapi({
      description: "Repeating a request with its key gives the first answer again",
      example: "7f1c9e0e",
    }),
});

/** What is kept of an answer. */
interface KeptAnswer {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}
const keptHeaders = ["content-type", "location", "etag"];
/** These say nothing of the act itself: the same request may succeed when it is repeated. */
const isPassing = (status: number) => status >= 500 || status === 401 || status === 403 || status === 429;

/** Stands before the rooms of `/api/v1`. */
export const idempotency = createMiddleware<ApiEnv>(async (c, next) => {
  const key = c.req.header(header);
  const ctx = contextOf(c);
  const ownerId = ownerOf(ctx);
  if (
    c.req.method !== "POST" || key === undefined || ownerId === undefined ||
    !/^[\x21-\x7e]{1,255}$/.test(key)
  ) {
    return await next();
  }
  const requestHash = createHash("sha256").update(`${c.req.method} ${c.req.path}\n`).update(
    // As bytes: text would be decoded, and a file in another encoding reach its handler spoilt.
    new Uint8Array(await c.req.arrayBuffer()),
  ).digest();
  const claim = await inPerson(
    ctx,
    ownerId,
    (tx) => claimKey(tx, { personId: ownerId, key, requestHash, now: ctx.now() }),
  );
  if (claim.kind === "other-request") throw problem("idempotency-key-reused");
  if (claim.kind === "running") throw problem("idempotency-key-in-use");
  if (claim.kind === "answered") {
    const kept = claim.body as KeptAnswer;
    c.res = new Response(kept.body, {
      status: claim.status,
      headers: { ...kept.headers, "idempotency-replayed": "true" },
    });
    return;
  }
  await next();
  await keepAnswer(ctx, ownerId, key, c.res.clone());
});

/** Keys belong to a person or to a service account: the ids of both differ. */
function ownerOf({ actor }: Context): string | undefined {
  if (actor.kind === "person") return actor.personId;
  return actor.kind === "service" ? actor.serviceAccountId : undefined;
}

async function keepAnswer(ctx: Context, personId: string, key: string, answer: Response): Promise<void> {
  try {
    // A secret that is shown once is not kept: a repetition makes another.
    if (isPassing(answer.status) || (answer.ok && answer.headers.get("cache-control") === "no-store")) {
      await inPerson(ctx, personId, (tx) => releaseKey(tx, personId, key));
      return;
    }
    const headers = Object.fromEntries(
      keptHeaders.flatMap((name) => answer.headers.has(name) ? [[name, answer.headers.get(name)!]] : []),
    );
    const kept: KeptAnswer = { body: await answer.text(), headers };
    await inPerson(
      ctx,
      personId,
      (tx) => completeKey(tx, personId, key, answer.status, JSON.stringify(kept)),
    );
  } catch (error) {
    // The act is done and its answer is on its way: losing the copy must not turn it into a failure.
    ctx.log.warn("idempotency.not-kept", { error: error instanceof Error ? error.message : "unknown" });
  }
}
