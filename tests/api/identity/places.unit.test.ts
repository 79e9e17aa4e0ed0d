import { describe, expect, it } from "vitest";
import { hashPlace, placeOf } from "../../../api/identity/places.ts";

const firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0";

describe("the place of a sign-in", () => {
  it("is a network and a program, never an address or a version", () => {
    expect(placeOf({ address: "198.51.100.7", userAgent: firefox })).toEqual({
      network: "198.51.100.0/24",
      browser: "Firefox, Windows",
    });
    expect(placeOf({ address: "2001:db8:1:2::/64", userAgent: firefox.replace("130", "131") })).toEqual({
      network: "2001:db8:1::/48",
      browser: "Firefox, Windows",
    });
  });

  it.each([
    ["no address", { address: "unknown", userAgent: null }, { network: null, browser: null }],
    ["an empty program", { address: "::1/64", userAgent: "  " }, { network: null, browser: null }],
    ["a program that nobody knows", { address: "x", userAgent: "a".repeat(9_000) }, { network: null }],
  ])("makes nothing up of %s", (_name, caller, place) => {
    expect(placeOf(caller)).toMatchObject(place);
    expect((placeOf(caller).browser ?? "").length).toBeLessThanOrEqual(64);
  });

  it("cannot be found again under another person", () => {
    const place = placeOf({ address: "198.51.100.7", userAgent: firefox });
    expect(hashPlace("a", place)).toEqual(hashPlace("a", place));
    expect(hashPlace("a", place)).not.toEqual(hashPlace("b", place));
  });
});
