/** Standard clients of the tests: SMTP by swaks and nodemailer, JMAP by plain requests as a box. */
import nodemailer from "nodemailer";
import {
  asObject,
  callJmap,
  type JsonObject,
  listOf,
  type MethodCall,
} from "../../../api/mail-server/stalwart/management.ts";
import type { World } from "./world.ts";

export interface OutgoingMail {
  readonly to: readonly string[];
  readonly subject: string;
  readonly messageId: string;
  readonly text?: string;
  /** Leaves only after this time. */
  readonly holdSeconds?: number;
  readonly attachments?: readonly { readonly blobId: string; readonly type: string; readonly name: string }[];
}

/** JMAP as a box, by the driver's own authorization. */
export interface BoxClient {
  readonly accountId: string;
  call(...calls: MethodCall[]): Promise<JsonObject[]>;
  /** Subjects of the mails in the inbox, oldest first. */
  subjects(): Promise<string[]>;
  /** Writes a mail and submits it in one request; returns the EmailSubmission/set response. */
  send(mail: OutgoingMail): Promise<JsonObject>;
}

/** Opens the box as the gateway does. @throws Error when the session is refused */
export async function openBox(world: World, address: string): Promise<BoxClient> {
  const authorization = await world.driver.authorization(address);
  const response = await fetch(world.driver.sessionUrl, { headers: { authorization } });
  if (response.status !== 200) throw new Error(`session refused: ${response.status}`);
  const session = await response.json();
  const accountId: string = session.primaryAccounts["urn:ietf:params:jmap:mail"];
  const endpoint = { url: world.driver.jmapUrl, authorization, timeoutMilliseconds: 20_000 };
  const call = (...calls: MethodCall[]) => callJmap(endpoint, calls);
  const folder = async (role: string): Promise<string> => {
    const [response] = await call(["Mailbox/get", { accountId, ids: null }]);
    return String(listOf(response!).find((one) => one["role"] === role)!["id"]);
  };
  return {
    accountId,
    call,
    subjects: async () => {
      const [query] = await call(["Email/query", {
        accountId,
        filter: { inMailbox: await folder("inbox") },
      }]);
      const [emails] = await call(["Email/get", {
        accountId,
        ids: query!["ids"],
        properties: ["subject"],
      }]);
      return listOf(emails!).map((email) => String(email["subject"]));
    },
    send: async ({ to, subject, messageId, text = "bonjour", attachments, holdSeconds }) => {
      const [drafts, sent] = [await folder("drafts"), await folder("sent")];
      const [identities] = await call(["Identity/get", { accountId, ids: null }]);
      const identityId = listOf(identities!).find((one) => one["email"] === address)!["id"];
      const [created, submitted] = await call(
        ["Email/set", {
          accountId,
          create: {
            m: {
              mailboxIds: { [drafts]: true },
              keywords: { $draft: true, $seen: true },
              from: [{ email: address }],
              to: to.map((email) => ({ email })),
              subject,
              messageId: [messageId],
              bodyValues: { t: { value: text } },
              textBody: [{ partId: "t", type: "text/plain" }],
              ...(attachments === undefined ? {} : { attachments }),
            },
          },
        }],
        ["EmailSubmission/set", {
          accountId,
          create: {
            s: {
              emailId: "#m",
              identityId,
              envelope: {
                mailFrom: holdSeconds === undefined
                  ? { email: address }
                  : { email: address, parameters: { HOLDFOR: String(holdSeconds) } },
                rcptTo: to.map((email) => ({ email })),
              },
            },
          },
          onSuccessUpdateEmail: {
            "#s": {
              [`mailboxIds/${drafts}`]: null,
              [`mailboxIds/${sent}`]: true,
              "keywords/$draft": null,
            },
          },
        }],
      );
      if (asObject(created!["created"])["m"] === undefined) throw new Error(JSON.stringify(created));
      return submitted!;
    },
  };
}

/** Hands over what a box sends as the edge does, at the submission listener. @throws the server's refusal */
export async function submit(
  world: World,
  box: string,
  mail: { from?: string; to: readonly string[]; subject: string; messageId?: string },
  pass?: string,
): Promise<void> {
  const { host, port } = world.server.edge.submission;
  const login = await world.edgeLogin(box);
  const auth = { user: login.user, pass: pass ?? login.pass };
  const transport = nodemailer.createTransport({ host, port, secure: false, ignoreTLS: true, auth });
  await transport.sendMail({
    from: mail.from ?? box,
    to: [...mail.to],
    subject: mail.subject,
    text: "bonjour",
    ...(mail.messageId === undefined ? {} : { messageId: `<${mail.messageId}>` }),
  });
}

/** Hands over a mail as the border does, by the relay port without signing in. @throws the server's refusal */
export async function relay(
  world: World,
  mail: { from: string; to: string; subject: string },
): Promise<void> {
  const { host, port } = world.server.addresses.relay!;
  const transport = nodemailer.createTransport({ host, port, secure: false, ignoreTLS: true });
  await transport.sendMail({
    envelope: { from: mail.from, to: mail.to },
    from: "docteur@gamma.mssante.test",
    to: mail.to,
    subject: mail.subject,
    text: "bonjour",
  });
}

/** Runs swaks, the command-line SMTP client; returns its exit code and transcript. */
export async function swaks(args: readonly string[]): Promise<{ code: number; transcript: string }> {
  const output = await new Deno.Command("swaks", { args: [...args] }).output();
  const decoder = new TextDecoder();
  return { code: output.code, transcript: decoder.decode(output.stdout) + decoder.decode(output.stderr) };
}
