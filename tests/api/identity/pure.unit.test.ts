import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePeople, userinfoOf } from "../../../infra/simulated/pro-sante-connect/people.ts";
import { isActivity, readCookie } from "../../../api/identity/identity.ts";
import { parseUserinfo } from "../../../api/identity/parse-userinfo.ts";
import { isSameOrigin, needsSameOrigin } from "../../../api/identity/request-origin.ts";
import { toLocalPath } from "../../../api/identity/return-to.ts";
import { hasForgedRpps, isLuhnValid, rppsOf } from "../../../api/identity/rpps.ts";

describe("an RPPS", () => {
  test.each(["99700366240", "99700427885", "99700218896", "99700245667", "99700427869"])(
    "of the integration platform (%s) has a right key",
    (rpps) => expect(isLuhnValid(rpps)).toBe(true),
  );

  test("with any one digit changed has a wrong key", () => {
    fc.assert(
      fc.property(fc.nat({ max: 10 }), fc.integer({ min: 1, max: 9 }), (place, by) => {
        const digits = [..."99700366240"];
        digits[place] = String((Number(digits[place]) + by) % 10);
        return !isLuhnValid(digits.join(""));
      }),
    );
  });

  test.each([
    ["899900000011", "99900000011"],
    ["ANS20261121000001", null],
    ["0123456789", null],
    ["500000001815646/CPAT00045", null],
    ["8999000000111", null],
    ["89990000001x", null],
    ["", null],
    [null, null],
  ])("inside the national identity %j is %j", (idNatPs, rpps) => expect(rppsOf(idNatPs)).toBe(rpps));

  test("is forged only where there is one", () => {
    expect(hasForgedRpps("899900000012")).toBe(true);
    expect(hasForgedRpps("899900000011")).toBe(false);
    expect(hasForgedRpps("ANS20261121000001")).toBe(false);
    expect(hasForgedRpps(null)).toBe(false);
  });
});

describe("the way back after sign-in", () => {
  test.each([
    ["/", "/"],
    ["/mail/inbox?thread=4&x=%2F", "/mail/inbox?thread=4&x=%2F"],
    ["/mail/../admin", "/admin"],
    [undefined, "/"],
    ["", "/"],
    ["mail", "/"],
    ["//evil.test", "/"],
    ["/\\evil.test", "/"],
    ["\\\\evil.test", "/"],
    ["/.//evil.test", "/"],
    ["/%2e%2e//evil.test", "/"],
    ["https://evil.test", "/"],
    ["javascript:alert(1)", "/"],
    ["/\n/evil.test", "/"],
    ["/é", "/"],
    ["/auth/sign-out", "/"],
    ["/sign-in?reason=x", "/"],
  ])("for %j is %j", (value, path) => expect(toLocalPath(value)).toBe(path));

  test("longer than an address may be is the first page", () => {
    expect(toLocalPath(`/${"a".repeat(3_000)}`)).toBe("/");
  });

  test("never leaves the origin, whatever is asked", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: "binary" }), fc.webUrl(), fc.string().map((text) => `/${text}`)),
        (value) => {
          const target = new URL(toLocalPath(value), "https://mail.test");
          return target.origin === "https://mail.test" && !toLocalPath(value).startsWith("//");
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe("a changing request", () => {
  const base = "https://mail.test";
  test.each([
    [{ "sec-fetch-site": "same-origin" }, true],
    [{ "sec-fetch-site": "same-site", origin: base }, false],
    [{ "sec-fetch-site": "cross-site", origin: base }, false],
    [{ "sec-fetch-site": "none" }, false],
    [{ origin: base }, true],
    [{ origin: "https://mail.test.evil.test" }, false],
    [{ origin: "http://mail.test" }, false],
    [{ origin: "null" }, false],
    [{}, false],
  ])(
    "with %j is of this origin: %j",
    (headers, is) => expect(isSameOrigin(new Headers(headers), base)).toBe(is),
  );

  test("is every method but the safe ones", () => {
    expect(["GET", "HEAD", "OPTIONS", "get"].map(needsSameOrigin)).toEqual([false, false, false, false]);
    expect(["POST", "PUT", "PATCH", "DELETE", "PROPFIND"].every(needsSameOrigin)).toBe(true);
  });
});

describe("userinfo", () => {
  const checked = { isRppsKeyChecked: true };
  const sub = "f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:899700366240";
  const minimal = {
    sub,
    preferred_username: "899700366240",
    SubjectNameID: "899700366240",
    codeCivilite: "M",
    given_name: "KIT",
    family_name: "DOC0036624",
  };

  test("of six claims is enough", () => {
    expect(parseUserinfo(minimal, checked)).toEqual({
      ok: true,
      identity: {
        subject: sub,
        idNatPs: "899700366240",
        rpps: "99700366240",
        givenName: "KIT",
        familyName: "DOC0036624",
        situations: [],
      },
    });
  });

  test("of every demo person is read, with all his situations", async () => {
    const file = new URL("../../../infra/simulated/pro-sante-connect/demo-people.json", import.meta.url);
    const people = parsePeople(JSON.parse(await readFile(file, "utf8")));
    const read = people.map((person) => parseUserinfo(userinfoOf(person), checked));
    expect(read.every((one) => one.ok)).toBe(true);
    const bruno = read.find((one) => one.ok && one.identity.familyName === "BERNARD");
    expect(bruno).toMatchObject({
      identity: {
        situations: [
          {
            professionCode: "10",
            specialityCode: "SM04",
            practiceMode: "S",
            structureName: "CLINIQUE BETA",
            siret: null,
          },
          { practiceMode: "L", sectorCode: "SA07", structureTechnicalId: "R31235" },
        ],
      },
    });
  });

  test.each([
    ["nothing sectoral is well formed", { SubjectRefPro: "?", otherIds: 3, SubjectRole: null }],
    ["the situations are a list of rubbish", {
      SubjectRefPro: { exercices: [null, 1, { activities: "x" }] },
    }],
    ["names are missing", { given_name: undefined, family_name: "" }],
  ])("is accepted when %s", (_name, changes) => {
    expect(parseUserinfo({ ...minimal, ...changes }, checked)).toMatchObject({
      ok: true,
      identity: { rpps: "99700366240" },
    });
  });

  test("without a national identity names a person without mailbox rights", () => {
    const { preferred_username: _one, SubjectNameID: _two, ...bare } = minimal;
    expect(parseUserinfo(bare, checked)).toMatchObject({ ok: true, identity: { idNatPs: null, rpps: null } });
  });

  test.each([
    ["no subject", { sub: undefined }, "userinfo-malformed"],
    ["an empty subject", { sub: "" }, "userinfo-malformed"],
    ["two national identities", { SubjectNameID: "899900000011" }, "userinfo-contradiction"],
    ["a forged RPPS", { SubjectNameID: "899700366241", preferred_username: "899700366241" }, "rpps-forged"],
    [
      "an endless identity",
      { SubjectNameID: "x".repeat(65), preferred_username: "x".repeat(65) },
      "userinfo-malformed",
    ],
  ])("with %s is refused", (_name, changes, reason) => {
    expect(parseUserinfo({ ...minimal, ...changes }, checked)).toEqual({ ok: false, reason });
  });

  test("that contradicts the id_token is refused", () => {
    expect(parseUserinfo(minimal, { ...checked, idTokenUsername: "899900000011" })).toEqual({
      ok: false,
      reason: "userinfo-contradiction",
    });
  });

  test("with a test number passes where the key is not checked", () => {
    const claims = { ...minimal, SubjectNameID: "899700366241", preferred_username: "899700366241" };
    expect(parseUserinfo(claims, { isRppsKeyChecked: false })).toMatchObject({
      ok: true,
      identity: { rpps: "99700366241" },
    });
  });

  test("of any shape never throws", () => {
    fc.assert(fc.property(fc.anything(), (value) => typeof parseUserinfo(value, checked).ok === "boolean"));
  });
});

test("a cookie that is sent twice is none", () => {
  const name = "__Host-mss_session";
  expect(readCookie(new Headers({ cookie: `a=1; ${name}=x; b=2` }), name)).toBe("x");
  expect(readCookie(new Headers({ cookie: `${name}=x; ${name}=y` }), name)).toBeUndefined();
  expect(readCookie(new Headers(), name)).toBeUndefined();
});

test("what a page does by itself is no activity", () => {
  const request = (path: string, headers = {}) => new Request(`https://mail.test${path}`, { headers });
  expect(isActivity(request("/jmap/api"))).toBe(true);
  expect(isActivity(request("/jmap/api", { "x-mss-background": "1" }))).toBe(false);
  expect(isActivity(request("/api/v1/session"))).toBe(false);
  expect(isActivity(request("/jmap/eventsource?types=*"))).toBe(false);
});
