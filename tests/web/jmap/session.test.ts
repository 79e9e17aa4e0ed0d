import { expect, test } from "vitest";
import { patchFlags } from "../../../web/src/lib/jmap/patch.ts";
import { capabilitiesOf, expandTemplate } from "../../../web/src/lib/jmap/session.ts";

test("an account id is encoded in every URL, because at Cyrus it is an address", () => {
  const url = expandTemplate("/jmap/download/{accountId}/{blobId}/{name}?accept={type}", {
    accountId: "a.b@c.test",
    blobId: "x/y",
    name: "compte rendu é.pdf",
    type: "application/pdf",
  });
  expect(url).toBe(
    "/jmap/download/a.b%40c.test/x%2Fy/compte%20rendu%20%C3%A9.pdf?accept=application%2Fpdf",
  );
});

test("a request names the capabilities of its methods and no other", () => {
  expect(capabilitiesOf(["Core/echo"])).toEqual(["urn:ietf:params:jmap:core"]);
  expect(capabilitiesOf(["Email/get"])).toContain("urn:ietf:params:jmap:mail");
  expect(capabilitiesOf(["Email/get"])).not.toContain("urn:ietf:params:jmap:submission");
  expect(capabilitiesOf(["EmailSubmission/set"])).toContain("urn:ietf:params:jmap:submission");
});

test("a patch holds only what differs, with its names escaped", () => {
  expect(patchFlags("keywords", { $seen: true, a: true }, { $seen: true, "b/c~d": true })).toEqual({
    "keywords/a": null,
    "keywords/b~1c~0d": true,
  });
});
