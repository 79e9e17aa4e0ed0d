import { describe, expect, it } from "vitest";
import { differing, matches, resolveReferences } from "../../../mailserver/stalwart/compare.ts";
import { serverEnvironment } from "../../../mailserver/stalwart/environment.ts";
import { buildPlan, digestOf, requiredEnvironment, type Step } from "../../../mailserver/stalwart/plan.ts";
import { faultsOf, readSchema, samplePlaceholders } from "../../../mailserver/stalwart/verify.ts";

const plan = buildPlan(samplePlaceholders);

function stepOn(object: string, kind: Step["kind"] = "singleton") {
  const found = plan.steps.find((step) => step.object === object && step.kind === kind);
  if (found === undefined || found.kind === "keepOnly") throw new Error(`no step on ${object}`);
  return found;
}

describe("the plan", () => {
  it("is understood by the server's own schema, every step of it", async () => {
    expect(faultsOf(plan, await readSchema())).toEqual([]);
  });

  it("names no route that could go out by MX", () => {
    const routes = plan.steps.filter((step) => step.object === "x:MtaRoute" && step.kind === "match")
      .map((step) => step.kind === "match" ? step.value : {});
    expect(routes.map((route) => [route["name"], route["@type"]])).toEqual([
      ["local", "Local"],
      ["border", "Relay"],
      ["default", "Relay"],
      ["mx", "Relay"],
    ]);
    const relays = routes.filter((route) => route["@type"] === "Relay");
    expect(new Set(relays.map((route) => `${route["address"]} ${route["port"]}`)).size).toBe(1);
  });

  it("gives the gateway's role authenticate and impersonate and nothing else", () => {
    const role = plan.steps.find((step) =>
      step.kind === "match" && step.object === "x:Role" && step.value["description"] === "mss-gateway"
    );
    expect(role?.kind === "match" && role.value["enabledPermissions"]).toEqual({
      authenticate: true,
      impersonate: true,
    });
  });

  it("keeps sharing and the directory of principals out of the boxes' role", () => {
    const role = plan.steps.find((step) =>
      step.kind === "match" && step.object === "x:Role" && step.value["description"] === "mss-box"
    );
    const names = Object.keys(
      (role?.kind === "match" ? role.value["enabledPermissions"] : {}) as Record<string, true>,
    );
    expect(names.filter((name) => /^(imapAclSet|jmapPrincipal|sys|impersonate)/.test(name))).toEqual([]);
  });

  it("asks before signed-in submissions, and takes silence for later; at the border about room, and takes silence for yes", () => {
    const hooks = plan.steps.flatMap((step) =>
      step.object === "x:MtaHook" && step.kind === "match" ? [step.value] : []
    );
    const when = (condition: string) => ({ match: { "0": { if: condition, then: "true" } }, else: "false" });
    expect(hooks.map(({ stages, tempFailOnError, enable }) => ({ stages, tempFailOnError, enable }))).toEqual(
      [
        { stages: { data: true }, tempFailOnError: true, enable: when("!is_empty(authenticated_as)") },
        { stages: { rcpt: true }, tempFailOnError: false, enable: when("local_port == 18202") },
      ],
    );
  });

  it("says of every expression without branches that it has none, or the default's would stay", () => {
    expect(stepOn("x:MtaStageEhlo").value["rejectNonFqdn"]).toEqual({ else: "false", match: {} });
  });

  it("refuses a placeholder without a value, and a number that is none", () => {
    expect(() => buildPlan({ ...samplePlaceholders, BORDER_ADDRESS: "" })).toThrow("BORDER_ADDRESS");
    expect(() => buildPlan({ ...samplePlaceholders, BORDER_PORT: "smtp" })).toThrow("BORDER_PORT");
  });

  it("changes its digest with any value in it", async () => {
    const other = buildPlan({ ...samplePlaceholders, BORDER_PORT: "2526" });
    expect(await digestOf(plan)).toBe(await digestOf(buildPlan(samplePlaceholders)));
    expect(await digestOf(other)).not.toBe(await digestOf(plan));
  });
});

describe("the check against the schema", () => {
  const faultsWith = async (step: Step) =>
    faultsOf({ ...plan, steps: [step] }, await readSchema()).map((fault) => fault.replace(/^1 /, ""));

  it("finds a misspelt property", async () => {
    expect(await faultsWith({ object: "x:Jmap", kind: "singleton", value: { maxUploadsize: 1 } }))
      .toEqual(["x:Jmap.maxUploadsize: no such property"]);
  });

  it("finds a wrong type, an unknown member, an unknown variant and a dangling reference", async () => {
    expect(await faultsWith({ object: "x:Jmap", kind: "singleton", value: { maxUploadSize: "1" } }))
      .toEqual(["x:Jmap.maxUploadSize: is not a number"]);
    expect(
      await faultsWith({
        object: "x:Role",
        kind: "match",
        match: [],
        immutable: [],
        value: { description: "x", enabledPermissions: { fetchEverything: true } },
      }),
    ).toEqual(["x:Role.enabledPermissions.fetchEverything: fetchEverything is not one of Permission"]);
    expect(await faultsWith({ object: "x:Asn", kind: "createSingleton", value: { "@type": "Off" } }))
      .toEqual(["x:Asn: no variant Off of x:Asn"]);
    expect(
      await faultsWith({
        object: "x:SystemSettings",
        kind: "singleton",
        value: { defaultDomainId: "#nobody" },
      }),
    ).toEqual(["x:SystemSettings.defaultDomainId: is no reference to an earlier object"]);
  });

  it("finds what only the enterprise edition has", async () => {
    expect(
      await faultsWith({
        object: "x:Domain",
        kind: "match",
        match: ["name"],
        immutable: [],
        value: { name: "a.test", logo: "x" },
      }),
    ).toEqual(["x:Domain.logo: needs the enterprise edition"]);
  });
});

describe("comparing wanted with observed", () => {
  it("takes wanted as a subset of an object, and as the whole of a set", () => {
    expect(differing({ a: 1 }, { a: 1, b: 2 })).toEqual({});
    expect(differing({ p: { x: true } }, { p: { x: true, y: true } })).toEqual({ p: { x: true } });
    expect(matches({}, null)).toBe(true);
  });

  it("sees a branch of an expression that the plan no longer has", () => {
    const observed = { match: { "0": { if: "local_port == 25", then: "true" } }, else: "false" };
    expect(matches({ else: "false", match: {} }, observed)).toBe(false);
  });

  it("resolves references in values and keys, and refuses one that stands too early", () => {
    const ids = new Map([["role", "b"]]);
    expect(resolveReferences({ roleIds: { "#role": true }, id: "#role" }, ids)).toEqual({
      roleIds: { b: true },
      id: "b",
    });
    expect(() => resolveReferences("#later", ids)).toThrow("#later");
  });
});

describe("the environment", () => {
  const complete = Object.fromEntries(requiredEnvironment.map((name) => [name, "x"]));

  it.each(requiredEnvironment)("refuses to start the server without %s", (name) => {
    expect(() => serverEnvironment({ ...complete, [name]: undefined })).toThrow(name);
    expect(() => serverEnvironment({ ...complete, [name]: "" })).toThrow(name);
  });

  it("demands the directory's password and the hook's secret", () => {
    expect(requiredEnvironment).toContain("DIRECTORY_DB_PASSWORD");
    expect(requiredEnvironment).toContain("STALWART_HOOK_SECRET");
  });
});
