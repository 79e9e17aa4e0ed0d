/**
 * The edge's own, private entrance: what Dovecot, nginx and Exim ask. Never part of the public application. Every call carries the
 * edge's key; 403 is "no", 200 is "yes", 429 "you are in often enough", and whatever else is answered is "later".
 */
import type { Context as HonoContext } from "hono";
import { Hono } from "hono";
import type { AppDeps } from "../context.ts";
import { pingDatabase } from "../database/ping.ts";
import { openGuard } from "../guard/mod.ts";
import { isSameSecret } from "../http/same-secret.ts";
import { createIdentity } from "../identity/mod.ts";
import { hasRoom } from "../mailboxes/mod.ts";
import { readFields, toAttempt, toRoomQuestion, toSenderQuestion } from "./attempt.ts";
import { checkSender } from "./check.ts";
import { createEdge, type Outcome } from "./edge.ts";
import type { EdgeDeps } from "./examined.ts";
import { answerNginx, readNginx } from "./nginx.ts";

/** Tokens of 12 kB in base64 of base64, and room. */
const maxBodyBytes = 65_536;

export interface EdgeEntrance {
  /** What every call presents in `X-Edge-Key`. */
  readonly key: string;
  /** Where Dovecot takes tickets; null = nginx is not in use. */
  readonly imapTicket: { readonly host: string; readonly port: number } | null;
  readonly tokenSessionSeconds: number;
}

/** @param parts other parts than the process's own, for tests */
export function createEdgeApp(deps: AppDeps, entrance: EdgeEntrance, parts: Partial<EdgeDeps> = {}): Hono {
  const { db, redis, now, log } = deps;
  const provider = parts.provider ?? createIdentity(deps).provider;
  const { tokenSessionSeconds } = entrance;
  const guard = openGuard(deps);
  const edge = createEdge({ db, redis, now, log, provider, guard, tokenSessionSeconds, ...parts });
  const app = new Hono();
  app.onError((error, c) => {
    // Its message may hold what was asked.
    log.error("edge.error", { error: error.name });
    return later(c);
  });
  app.notFound((c) => c.text("", 404));
  app.use(async (c, next) => {
    if (!isSameSecret(c.req.header("x-edge-key"), entrance.key)) return c.text("", 401);
    await next();
    c.header("cache-control", "no-store");
  });
  app.get("/edge/health", async (c) => {
    await pingDatabase(edge.deps.db); // Throws when it is away.
    return c.text("ok\n");
  });
  app.post("/edge/auth", async (c) => {
    const read = await readBody(c);
    const attempt = read && toAttempt(read.fields);
    if (read === undefined || attempt === undefined) {
      await edge.trace.refused({ reason: "request-malformed", service: "imap", username: "", ip: "" });
      return c.text("", 403);
    }
    return answer(c, await edge.signIn(attempt), read.isForm);
  });
  app.post("/edge/check", async (c) => {
    const read = await readBody(c);
    if (read === undefined) return c.text("", 403);
    return answer(c, await checkSender(edge, toSenderQuestion(read.fields)), read.isForm);
  });
  app.post("/edge/recipient", async (c) => {
    const read = await readBody(c);
    if (read === undefined) return later(c);
    const { address, sizeBytes } = toRoomQuestion(read.fields);
    try {
      return c.text("", await hasRoom(deps, address, sizeBytes) ? 200 : 403);
    } catch (error) {
      log.warn("edge.room-unknown", { error: error instanceof Error ? error.name : "?" });
      return later(c); // The mail passes.
    }
  });
  app.get("/edge/nginx", async (c) => {
    const headers = c.req.raw.headers;
    return new Response(null, { headers: await answerNginx(edge, readNginx(headers), entrance.imapTicket) });
  });
  return app;
}

async function readBody(c: HonoContext) {
  const type = c.req.header("content-type");
  if (Number(c.req.header("content-length") ?? 0) > maxBodyBytes) return undefined;
  const text = await c.req.text();
  if (text.length > maxBodyBytes) return undefined;
  const fields = readFields(text, type);
  return fields === undefined
    ? undefined
    : { fields, isForm: type?.startsWith("application/x-www-form-urlencoded") ?? false };
}

function answer(c: HonoContext, outcome: Outcome, isForm: boolean): Response {
  if (outcome.kind === "later") return later(c);
  if (outcome.kind === "refused") return c.text("", 403);
  if (outcome.kind === "full") return c.text("", 429);
  const { box, proof: person } = outcome;
  return isForm ? c.text(`user=${box}\nperson=${person}\n`) : c.json({ box, person });
}

function later(c: HonoContext): Response {
  return c.text("", 503);
}
