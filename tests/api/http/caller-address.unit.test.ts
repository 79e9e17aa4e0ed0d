import { expect, test } from "vitest";
import { addressBlock, callerAddress } from "../../../api/http/caller-address.ts";

const peer = { remoteAddr: { hostname: "192.0.2.9" } };

test.each([
  ["the peer when no proxy is ours", peer, "198.51.100.1", 0, "192.0.2.9"],
  ["what our proxy wrote last", peer, "10.9.9.9, 198.51.100.1", 1, "198.51.100.1"],
  ["what the first of two of ours wrote", peer, "10.9.9.9, 198.51.100.1, 192.0.2.8", 2, "198.51.100.1"],
  ["the peer when the proxy wrote nothing", peer, undefined, 1, "192.0.2.9"],
  ["the peer when fewer wrote than there are", peer, "198.51.100.1", 2, "192.0.2.9"],
  ["nothing where there is no connection", undefined, undefined, 0, "unknown"],
])("believes %s", (_name, connection, header, proxies, found) => {
  expect(callerAddress(connection, header, proxies)).toBe(found);
});

test.each([
  ["192.0.2.9", "192.0.2.9"],
  ["::ffff:192.0.2.9", "192.0.2.9"],
  ["2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"],
  ["[2001:0db8::1]", "2001:db8:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["1:2:3", "unknown"],
  ["a b\r\nc", "unknown"],
  ["unknown", "unknown"],
])("%j is counted as %j", (address, block) => expect(addressBlock(address)).toBe(block));
