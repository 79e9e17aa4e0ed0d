/** A box with its scripted server, as the tests of lib/mail need it. */
import { Box } from "../../../web/src/lib/mail/box.svelte.ts";
import { MessageList } from "../../../web/src/lib/mail/message-list.svelte.ts";
import { Connection } from "../../../web/src/lib/jmap/connection.ts";
import { gatewayAccount } from "../../../web/src/lib/jmap/session.ts";
import { ScriptedBox, ScriptedJmap } from "../../support/scripted-jmap.ts";

const address = "anne.allard@alpha.mssante.test";

/** A box with this many messages in its inbox, the newest first in `ids`. */
export async function openWorld(count = 0) {
  const server = new ScriptedBox(address, address);
  for (let index = 0; index < count; index++) {
    server.deliver({ receivedAt: new Date(Date.UTC(2026, 0, 1, 0, 0, index)).toISOString() });
  }
  const jmap = new ScriptedJmap(server);
  const connection = new Connection({ fetch: jmap.fetch, sessionUrl: "/jmap/session" });
  const session = await connection.session();
  const info = { id: address, ...gatewayAccount(session, address) };
  const box = new Box(info, connection, session, { maxObjectsInSet: 500, maxAttachmentsBytes: 26_214_400 });
  await box.loadFolders();
  const openList = async (role = "inbox") => {
    const folderId = server.folderId(role);
    const list = new MessageList(connection, address, box.store, { folderId, search: "" });
    box.list = list;
    await list.show(0, 9);
    return list;
  };
  jmap.served.length = 0;
  return { server, jmap, connection, box, openList, ids: server.inFolder("inbox").map(({ id }) => id) };
}

/** What the list shows at its first places. */
export function shown(list: MessageList, count: number): (string | undefined)[] {
  return Array.from({ length: count }, (_, position) => list.idAt(position));
}

/** A draft to send, with a Message-ID of its own. */
export function draftTo(...to: string[]) {
  return {
    from: { name: "Dr Anne Allard", email: address },
    to: to.map((email) => ({ name: null, email })),
    cc: [],
    bcc: [],
    subject: "Compte rendu",
    text: "Bonjour,\n",
    attachments: [],
    messageId: `${crypto.randomUUID()}@alpha.mssante.test`,
    inReplyTo: [],
    references: [],
  };
}
