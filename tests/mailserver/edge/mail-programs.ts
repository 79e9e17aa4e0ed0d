/** Programs that people and software send with: swaks knows PLAIN and LOGIN, nodemailer XOAUTH2 too, msmtp all of them and EXTERNAL. */
import { createTransport } from "nodemailer";
import type { Address } from "../../../scripts/stack/part.ts";
import { requireProgram } from "../../support/stack.ts";

export type Mechanism = "plain" | "login" | "xoauth2" | "oauthbearer" | "external";
export type ProgramName = keyof typeof programs;

export interface Sending {
  readonly target: Address;
  readonly tls: "STARTTLS" | "TLS" | "none";
  readonly mechanism: Mechanism;
  readonly box: string;
  /** Password or token. */
  readonly secret: string;
  /** Paths of its PEM files. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  readonly from: string;
  readonly to: string;
  /** The whole mail. */
  readonly mail: string;
}

/** What the program printed of itself or of the session. */
export interface Outcome {
  readonly isSent: boolean;
  readonly text: string;
}

export const programs = {
  msmtp: (sending: Sending) => {
    const { target, tls, mechanism, box, secret, certificate, from, to, mail } = sending;
    const proof = certificate === undefined
      ? [`--passwordeval=echo ${secret}`]
      : [`--tls-cert-file=${certificate.cert}`, `--tls-key-file=${certificate.key}`];
    return run("msmtp", [
      ...[
        "--debug",
        `--host=${target.host}`,
        `--port=${target.port}`,
        `--tls=${tls === "none" ? "off" : "on"}`,
      ],
      ...[`--tls-starttls=${tls === "STARTTLS" ? "on" : "off"}`, "--tls-certcheck=off", "--timeout=20"],
      ...[`--auth=${mechanism}`, `--user=${box}`, ...proof, `--from=${from}`, to],
    ], mail);
  },
  swaks: (sending: Sending) => {
    const { target, tls, mechanism, box, secret, from, to, mail } = sending;
    const secure = { "STARTTLS": ["-tls"], "TLS": ["-tlsc"], "none": [] }[tls];
    return run("swaks", [
      ...["--server", `${target.host}:${target.port}`, ...secure, "--auth", mechanism.toUpperCase()],
      ...["--auth-user", box, "--auth-password", secret, "--from", from, "--to", to, "--data", "-"],
    ], mail);
  },
  nodemailer: async (sending: Sending): Promise<Outcome> => {
    const { target, tls, mechanism, box, secret, from, to, mail } = sending;
    const transport = createTransport({
      ...target,
      secure: tls === "TLS",
      ignoreTLS: tls === "none",
      tls: { rejectUnauthorized: false },
      authMethod: mechanism.toUpperCase(),
      auth: mechanism === "xoauth2"
        ? { type: "OAuth2", user: box, accessToken: secret }
        : { user: box, pass: secret },
    });
    try {
      await transport.sendMail({ envelope: { from, to: [to] }, raw: mail });
      return { isSent: true, text: "" };
    } catch (error) {
      return { isSent: false, text: String(error) };
    } finally {
      transport.close();
    }
  },
};

/** Runs a program with a mail on its input; both want the line ends of this machine. */
export async function run(name: string, args: readonly string[], mail: string): Promise<Outcome> {
  const child = new Deno.Command(requireProgram(name), {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const input = new TextEncoder().encode(mail.replaceAll("\r\n", "\n"));
  await writer.write(input).catch(() => undefined); // It may end without reading.
  await writer.close().catch(() => undefined);
  const { code, stdout, stderr } = await child.output();
  const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { isSent: code === 0, text: `${out}${error}` };
}
