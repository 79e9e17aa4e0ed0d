import { describe, expect, it } from "vitest";
import { csvStream, readCsv, writeCsvRows } from "../../../api/http/csv.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

describe("a CSV file", () => {
  it.each([[";"], [","], ["\t"]])("is read whatever separates its cells: %j", (separator) => {
    const text = ["adresse", "nom"].join(separator) + "\n" + ["a@b.fr", '"Le, ; Goff"'].join(separator);
    expect(readCsv(utf8(text))).toEqual({
      ok: true,
      header: ["adresse", "nom"],
      rows: [{ line: 2, cells: ["a@b.fr", "Le, ; Goff"] }],
    });
  });

  it("is read in UTF-8 with or without its mark, in UTF-16 and in Windows-1252", () => {
    const text = "nom\nHélène Œuvrard\n";
    const utf16 = new Uint8Array(
      new Uint16Array([...`\ufeff${text}`].map((one) => one.charCodeAt(0))).buffer,
    );
    const windows = Uint8Array.from([...text], (one) => one === "Œ" ? 0x8c : one.charCodeAt(0));
    for (const bytes of [utf8(text), utf8(`\ufeff${text}`), utf16, windows]) {
      expect(readCsv(bytes)).toMatchObject({
        ok: true,
        header: ["nom"],
        rows: [{ cells: ["Hélène Œuvrard"] }],
      });
    }
  });

  it("tells the line of each row, passing over empty ones and counting lines within quotes", () => {
    const read = readCsv(utf8('a;b\n\n1;2\n;\n"x\ny";4\n5;6'));
    expect(read).toMatchObject({ ok: true, rows: [{ line: 3 }, { line: 6 }, { line: 7 }] });
  });

  it("is refused with the line where it cannot be read", () => {
    expect(readCsv(utf8('a;b\n1;2\n"never closed;3\n4;5'))).toMatchObject({ ok: false });
    expect(readCsv(utf8(`a;b\n"${"x".repeat(30_000)}`))).toMatchObject({ ok: false });
    expect(readCsv(utf8("\n\n"))).toEqual({ ok: false, line: 1, reason: "is empty" });
  });

  it("holds no formula when written, and reads back as it was", () => {
    const cells = ["=1+1", "+33 1", "-2", "@sum(a1)", "\tx", "plain", "a;b", 'say "a"', "two\nlines"];
    const written = writeCsvRows([cells]);
    for (const cell of ["'=1+1", "'+33 1", "'-2", "'@sum(a1)"]) expect(written).toContain(cell);
    const read = readCsv(utf8(`${writeCsvRows([cells.map((_, place) => `c${place}`)])}${written}`));
    expect(read).toMatchObject({ ok: true });
    if (read.ok) {
      expect(read.rows[0]?.cells).toEqual(cells.map((cell) => cell === "\tx" ? "\tx" : cell));
    }
  });

  it("is streamed page by page, with the mark that a spreadsheet looks for", async () => {
    async function* pages() {
      yield [["a", 1]];
      yield [];
      yield [["é", null]];
    }
    const bytes = new Uint8Array(await new Response(csvStream(["x", "y"], pages())).arrayBuffer());
    expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    expect(new TextDecoder().decode(bytes)).toBe("x;y\r\na;1\r\né;\r\n");
  });
});
