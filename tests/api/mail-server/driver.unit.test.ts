import { describe, expect, it } from "vitest";
import {
  createMailServer,
  differenceLines,
  MailServerRefused,
  needsStalwart,
} from "../../../api/mail-server/mod.ts";
import { cyrusDifferences } from "../../../api/mail-server/differences.ts";

const stalwart = createMailServer({
  kind: "stalwart",
  jmapUrl: "http://127.0.0.1:9/jmap/",
  gatewayLogin: "gateway@operateur.mssante.test",
  gatewaySecret: "secret",
  provisionerLogin: "admin@operateur.mssante.test",
  provisionerSecret: "secret",
});

describe("speaking for a box", () => {
  it("signs in as box%gateway, in lower case", async () => {
    const value = await stalwart.authorization("Anne.Allard@Alpha.mssante.test");
    expect(atob(value.replace("Basic ", ""))).toBe(
      "anne.allard@alpha.mssante.test%gateway@operateur.mssante.test:secret",
    );
  });

  it.each([
    "anne%admin@alpha.mssante.test",
    "anne@alpha.mssante.test%admin@operateur.mssante.test",
    "anne:x@alpha.mssante.test",
    "anne@b@alpha.mssante.test",
    "anne alpha@alpha.mssante.test",
    "anne\r\n@alpha.mssante.test",
    "@alpha.mssante.test",
    "anne",
    "",
  ])("refuses %j, which could name another box", async (address) => {
    await expect(stalwart.authorization(address)).rejects.toThrow(MailServerRefused);
  });
});

describe("a server that does not answer", () => {
  it("is unavailable, and the probe says so without throwing", async () => {
    expect(await stalwart.probe(AbortSignal.timeout(2_000))).toBe("unavailable");
    expect(await stalwart.probe(AbortSignal.abort())).toBe("unavailable");
  });

  it("makes the writing methods throw what a worker repeats", async () => {
    await expect(stalwart.applyDomain("alpha.mssante.test")).rejects.toThrow("does not answer");
  });
});

describe("the table of differences", () => {
  it("has a sentence for the person who starts the stand-in and one for the skipped test", () => {
    expect(stalwart.differences).toEqual([]);
    expect(differenceLines(cyrusDifferences)).toHaveLength(cyrusDifferences.length);
    expect(needsStalwart("websocket")).toMatch(/^needs Stalwart: /);
    for (const { lacks, instead } of cyrusDifferences) {
      expect(lacks).not.toBe("");
      expect(instead).not.toBe("");
    }
  });
});
