/** Sends a mail to the platform as this operator would: to its relay port, with STARTTLS when it is offered. */
import { createTransport } from "nodemailer";
import { z } from "zod";

export const sendSchema = z.strictObject({
  /** Envelope sender; "" is the null sender of notifications. */
  from: z.string(),
  to: z.array(z.string()).min(1),
  /** A whole message; without it one is made of the fields below. */
  raw: z.string().optional(),
  messageId: z.string().optional(),
  subject: z.string().default("Compte rendu"),
  text: z.string().default("Bonjour,\r\nvoici le compte rendu demandé.\r\n"),
});

export type SendRequest = z.infer<typeof sendSchema>;

/** What the platform answered: the accepted and refused recipients and its last words. */
export interface SendResult {
  readonly accepted: readonly string[];
  readonly rejected: readonly string[];
  readonly response: string;
}

export async function sendToPlatform(
  relay: { readonly host: string; readonly port: number },
  hostName: string,
  request: SendRequest,
): Promise<SendResult> {
  const transport = createTransport({
    host: relay.host,
    port: relay.port,
    name: hostName,
    // The stand-in's certificate is signed by itself; mutual TLS is the border's business.
    tls: { rejectUnauthorized: false },
    connectionTimeout: 10_000,
  });
  try {
    const envelope = { from: request.from, to: request.to };
    const content = request.raw !== undefined ? { raw: request.raw } : {
      from: request.from === "" ? `postmaster@${hostName}` : request.from,
      to: request.to,
      subject: request.subject,
      text: request.text,
      ...(request.messageId === undefined ? {} : { messageId: request.messageId }),
    };
    const info = await transport.sendMail({ envelope, ...content });
    return {
      accepted: info.accepted.map(String),
      rejected: info.rejected.map(String),
      response: info.response,
    };
  } finally {
    transport.close();
  }
}
