/** Decides for the edge: who signs in, and who sends. */
import { timingSafeEqual } from "node:crypto";
import { inSystem } from "../database/in-tenant.ts";
import { createGuard } from "../guard/mod.ts";
import { findAccount, hashProviderSession, type Introspected, SignInRefused } from "../identity/mod.ts";
import { hashAppPassword } from "../client-access/mod.ts";
import { type Attempt, toAddress } from "./attempt.ts";
import { chooseCertificate } from "./certificate-sign-in.ts";
import { type EdgeDeps, type Examined, nobody } from "./examined.ts";
import { createFresh } from "./fresh.ts";
import { nameOf, type Proof, type TokenSession } from "./proof.ts";
import { findAppPassword, findBox, listStandings } from "./queries.ts";
import { refusalOf, type StandingRow } from "./standing.ts";
import { createTickets, isTicket, type Tickets } from "./tickets.ts";
import { createTrace, type Trace } from "./trace.ts";

export type Outcome =
  | { readonly kind: "accepted"; readonly box: string; readonly proof: string }
  | { readonly kind: "refused" }
  /** He has as many connections to the box as one may have. */
  | { readonly kind: "full" }
  /** What decides cannot be asked, or the guard makes wait. */
  | { readonly kind: "later" };

export interface Edge {
  readonly deps: EdgeDeps;
  readonly trace: Trace;
  readonly tickets: Tickets;
  /** Throws when the database is away. */
  signIn(attempt: Attempt): Promise<Outcome>;
}

export function createEdge(deps: EdgeDeps): Edge {
  const { db, redis, now, log } = deps;
  const guard = deps.guard ?? createGuard({ redis, now, log });
  const trace = createTrace({ db, now, log });
  const tickets = createTickets(redis);
  const fresh = createFresh(now);

  async function signIn(attempt: Attempt): Promise<Outcome> {
    const { service, username, ip, secret } = attempt;
    if (isPassword(attempt) && isTicket(secret)) return await redeem(attempt);
    const guarded = { way: service, account: toAddress(username), address: ip } as const;
    // Nobody waits for what somebody else does at his address: a secret that was good a moment ago passes, and so does a right app
    // password, of which 160 bits cannot be guessed (Dovecot and Exim slow each wrong one). What waits is a question to the provider.
    const known = fresh.stateOf(attempt);
    if (known !== "good" && !isPassword(attempt) && attempt.mechanism !== "EXTERNAL") {
      if (!(await guard.admit(guarded)).ok) return { kind: "later" };
    }
    const examined = await examine(deps, attempt);
    if (examined.ok === "later") return { kind: "later" };
    if (!examined.ok) {
      const { reason, mailboxId } = examined;
      // The same wrong secret again is a program that asks by itself, and no other guess.
      if (examined.isGuess && known !== "bad") await guard.failed({ ...guarded, reason });
      if (examined.isGuess) fresh.note(attempt, "bad");
      await trace.refused({ reason, service, username, ip, mailboxId });
      return { kind: "refused" };
    }
    const { proof, acr } = examined;
    const [row] = await inSystem(deps, (tx) => listStandings(tx, [proof], now()));
    if (row === undefined) throw new Error("a proof without a line");
    const refusal = refusalOf(row, service, now());
    if (refusal !== undefined) {
      const mailboxId = row.structure_id === null ? undefined : row.mailbox_id;
      await trace.refused({
        reason: refusal,
        service,
        username,
        ip,
        mailboxId,
        structureId: row.structure_id,
      });
      return { kind: "refused" };
    }
    if (service === "imap" && deps.connections?.admit(proof) === false) {
      const { mailbox_id: mailboxId, structure_id: structureId } = row;
      await trace.refused({ reason: "too-many-connections", service, username, ip, mailboxId, structureId });
      return { kind: "full" };
    }
    await trace.accepted(row, { proof, service, ip, ...(acr === undefined ? {} : { acr }) });
    if (known !== "good") {
      await guard.succeeded(guarded);
      fresh.note(attempt, "good");
    }
    return accept(row, proof);
  }

  /** The sign-in was traced when the ticket was given. */
  async function redeem({ service, username, ip, secret }: Attempt): Promise<Outcome> {
    const holder = await tickets.take(secret);
    const reason = holder === undefined || service !== "imap"
      ? "ticket-unknown"
      : holder.box !== toAddress(username)
      ? "ticket-other-box"
      : undefined;
    if (holder !== undefined && reason === undefined) return { kind: "accepted", ...holder };
    await trace.refused({ reason: reason ?? "ticket-unknown", service, username, ip });
    return { kind: "refused" };
  }

  return { deps, trace, tickets, signIn };
}

export function accept(row: StandingRow, proof: Proof): Outcome {
  return { kind: "accepted", box: row.address ?? "", proof: nameOf(proof) };
}

function isPassword({ mechanism }: Attempt): boolean {
  return mechanism === "PLAIN" || mechanism === "LOGIN";
}

async function examine(deps: EdgeDeps, attempt: Attempt): Promise<Examined> {
  switch (attempt.mechanism) {
    case "XOAUTH2":
    case "OAUTHBEARER":
      return await examineToken(deps, attempt);
    case "PLAIN":
    case "LOGIN":
      return await examinePassword(deps, attempt);
    case "EXTERNAL":
      return await chooseCertificate(deps, attempt);
    default:
      return { ok: false, reason: "mechanism-unknown", isGuess: false };
  }
}

/** The token is the person, and what he writes as user is the box. */
async function examineToken(deps: EdgeDeps, { username, secret }: Attempt): Promise<Examined> {
  if (secret === "") return { ok: false, reason: "secret-missing", isGuess: false };
  let introspected;
  try {
    introspected = await deps.provider.introspect(secret);
  } catch (error) {
    if (error instanceof SignInRefused) return { ok: "later" };
    throw error;
  }
  if (!introspected.active) return { ok: false, reason: introspected.reason, isGuess: true };
  const { subject, acr } = introspected;
  const token = tokenSessionOf(introspected, deps);
  return await inSystem(deps, async (tx): Promise<Examined> => {
    const id = (await findAccount(tx, deps.provider.issuer, subject))?.id;
    const mailboxId = await findBox(tx, toAddress(username));
    if (id === undefined) return { ok: false, reason: "person-unknown", mailboxId, isGuess: false };
    // An unknown box is asked for like another, and found not to stand.
    return { ok: true, proof: { kind: "person", id, mailboxId: mailboxId ?? nobody, token }, acr };
  });
}

/** What is to be known of a token once it is over. A clock of the provider that is ahead makes nothing newer or longer. */
function tokenSessionOf(
  { issuedAt, authenticatedAt, sessionId }: Extract<Introspected, { active: true }>,
  { now, tokenSessionSeconds }: EdgeDeps,
): TokenSession {
  const earlier = (time: Date) => time < now() ? time : now();
  const begun = earlier(authenticatedAt ?? issuedAt);
  return {
    issuedAt: earlier(issuedAt),
    endsAt: new Date(begun.getTime() + tokenSessionSeconds * 1_000),
    sessionHash: sessionId === null ? null : hashProviderSession(sessionId),
  };
}

async function examinePassword(deps: EdgeDeps, { username, secret }: Attempt): Promise<Examined> {
  if (secret === "") return { ok: false, reason: "secret-missing", isGuess: false };
  const hash = hashAppPassword(secret);
  return await inSystem(deps, async (tx): Promise<Examined> => {
    const mailboxId = await findBox(tx, toAddress(username));
    const found = await findAppPassword(tx, hash);
    if (found === undefined || !timingSafeEqual(found.secret_hash, hash)) {
      return {
        ok: false,
        reason: mailboxId === undefined ? "box-unknown" : "secret-wrong",
        mailboxId,
        isGuess: true,
      };
    }
    return { ok: true, proof: { kind: "app-password", id: found.id, mailboxId: mailboxId ?? nobody } };
  });
}
