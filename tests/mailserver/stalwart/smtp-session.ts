/** A raw SMTP session, for what happens inside one that stays open. */
import net from "node:net";

export interface SmtpSession {
  /** Sends one line and returns the reply, all its lines joined. */
  say(line: string): Promise<string>;
  close(): void;
}

/** Connects, says EHLO and signs in. */
export async function openSmtp(
  address: { readonly host: string; readonly port: number },
  login: string,
  password: string,
): Promise<SmtpSession> {
  const socket = net.connect(address);
  let buffer = "";
  let wake = () => {};
  socket.setEncoding("utf8");
  socket.on("data", (text: string) => {
    buffer += text;
    wake();
  });
  socket.on("error", () => wake()); // The reply that is waited for then never comes.
  const reply = async (): Promise<string> => {
    const until = Date.now() + 20_000;
    for (;;) {
      const end = /^\d{3} .*\r\n/m.exec(buffer);
      if (end !== null) {
        const text = buffer.slice(0, end.index + end[0].length);
        buffer = buffer.slice(text.length);
        return text.trimEnd();
      }
      if (Date.now() > until || socket.destroyed) throw new Error("The SMTP server does not answer.");
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 500);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  const say = (line: string) => {
    socket.write(`${line}\r\n`);
    return reply();
  };
  await reply();
  await say("EHLO client.test");
  const signedIn = await say(`AUTH PLAIN ${btoa(`\0${login}\0${password}`)}`);
  if (!signedIn.startsWith("235")) throw new Error(signedIn);
  return { say, close: () => socket.destroy() };
}
