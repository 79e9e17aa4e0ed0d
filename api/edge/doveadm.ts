/** Dovecot's sessions over its HTTP interface (doveadm-http, 2.3): who is connected through the proxy, and who must go. */
import { z } from "zod";

/** One connection of a client through the proxy. */
export interface ProxiedSession {
  readonly box: string;
  /** Name of the proof (proof.ts), as the sign-in answered it. */
  readonly proof: string;
}

export interface Doveadm {
  /** Throws when Dovecot does not answer. */
  list(): Promise<ProxiedSession[]>;
  /** Closes every connection of these proofs. Its answer counts less than it closes: the next list tells. */
  kick(proofs: readonly string[]): Promise<void>;
}

/** The field of the passdb that carries the proof (mailserver/edge). */
const proofField = "user_person";
const timeoutMilliseconds = 4_000;
const answerShape = z.tuple([z.tuple([z.string(), z.unknown(), z.string()])]);
const lineShape = z.object({ username: z.string(), [proofField]: z.string().optional() }).loose();

export function createDoveadm({ url, key }: { readonly url: string; readonly key: string }): Doveadm {
  const authorization = `X-Dovecot-API ${new TextEncoder().encode(key).toBase64()}`;
  const endpoint = new URL("/doveadm/v1", url);

  async function call(command: string, parameters: Record<string, unknown>): Promise<unknown> {
    const response = await fetch(endpoint, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify([[command, parameters, "mss"]]),
      signal: AbortSignal.timeout(timeoutMilliseconds),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`doveadm answered ${response.status}`);
    const [[kind, answer]] = answerShape.parse(JSON.parse(text));
    if (kind !== "doveadmResponse") throw new Error(`doveadm: ${command} failed`);
    return answer;
  }

  return {
    async list() {
      const lines = z.array(lineShape).parse(await call("proxyList", {}));
      // One line per process holds the names of the columns and nobody's session.
      const sessions = lines.filter((line) =>
        line.username !== "username" || line[proofField] !== proofField
      );
      return sessions.map((line) => ({ box: line.username, proof: String(line[proofField] ?? "") }));
    },
    async kick(proofs) {
      await call("proxyKick", { passdbField: proofField, user: [...proofs] });
    },
  };
}
