/** The archive of an export: one ZIP (with ZIP64 where it grows), written as a stream. */
import { configure, Uint8ArrayReader, ZipWriter } from "@zip.js/zip.js";
import type { BoxMail } from "./box-mail.ts";

// A worker thread per entry would cost more than it saves, and the process may not start one.
configure({ useWebWorkers: false });

export interface Archive {
  addText(path: string, text: string): Promise<void>;
  /** Every message once, in its first folder; `messages.json` beside them says all folders and keywords. */
  addMail(directory: string, mail: BoxMail, onMessage: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export function createArchive(target: WritableStream<Uint8Array>): Archive {
  const zip = new ZipWriter(target, { bufferedWrite: false, keepOrder: true });
  const addText = async (path: string, text: string) => {
    await zip.add(path, new Uint8ArrayReader(new TextEncoder().encode(text)));
  };
  return {
    addText,
    async addMail(directory, mail, onMessage) {
      const index: object[] = [];
      for await (const message of mail.messages()) {
        const folder = message.folders[0] ?? "_";
        // Neither subject nor correspondent in a file's name: the archive's table of contents is often shown by others' tools.
        const number = String(index.length + 1).padStart(6, "0");
        const name = `${message.receivedAt.replace(/[:.]/g, "").replace(/Z$/, "Z")}-${number}.eml`;
        const path = `${directory}/${folder}/${name}`;
        await zip.add(path, await mail.read(message), { uncompressedSize: message.sizeBytes });
        const { folders, keywords, receivedAt } = message;
        index.push({
          fichier: `${folder}/${name}`,
          dossiers: folders,
          marques: keywords,
          recuLe: receivedAt,
        });
        await onMessage();
      }
      await addText(`${directory}/messages.json`, JSON.stringify(index, null, 1));
    },
    close: async () => void await zip.close(),
  };
}
