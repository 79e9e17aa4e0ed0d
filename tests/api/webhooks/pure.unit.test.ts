import { createHmac } from "node:crypto";
import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { isPublicAddress } from "../../../api/webhooks/public-address.ts";
import { nextAttempt } from "../../../api/webhooks/retry.ts";
import { newWebhookSecret, signedHeaders } from "../../../api/webhooks/sign.ts";
import { parseWebhookUrl } from "../../../api/webhooks/webhook-url.ts";

describe("an address that a webhook may reach", () => {
  it.each(["8.8.8.8", "172.15.0.1", "172.32.0.1", "193.252.19.3", "2a01:cb00::1", "2606:4700::1111"])(
    "is %s, of the Internet",
    (address) => expect(isPublicAddress(address)).toBe(true),
  );
  it.each([
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:7f00:1::",
    "2001::1",
    "2001:db8::1",
    "example.org",
    "",
  ])("is not %s", (address) => expect(isPublicAddress(address)).toBe(false));
});

describe("the URL of a webhook", () => {
  it.each(["https://si.example.org/a?b=c", "https://si.example.org:8443/", "https://8.8.8.8/"])(
    "may be %s",
    (url) => expect(parseWebhookUrl(url, false)).toEqual({ ok: true, url }),
  );
  it.each([
    "",
    "si.example.org",
    "ftp://si.example.org/",
    "http://si.example.org/",
    "https://user:secret@si.example.org/",
    "https://user@si.example.org/",
    "https://si.example.org/#a",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://postgres/",
    "https://a.localhost/",
    "https://db.internal/",
    "https://printer.local/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://[::1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://１２７.0.0.1/",
    "javascript:alert(1)",
  ])("may not be %s", (url) => expect(parseWebhookUrl(url, false).ok).toBe(false));
  it("may be private where the setting says so", () => {
    expect(parseWebhookUrl("http://127.0.0.1:23000/", true).ok).toBe(true);
    expect(parseWebhookUrl("ftp://127.0.0.1/", true).ok).toBe(false);
  });
});

describe("a signature", () => {
  it("is what Standard Webhooks say, of id, time and body", () => {
    const secret = newWebhookSecret();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const at = new Date("2026-11-21T08:00:00.900Z");
    const headers = signedHeaders([secret], { id: "1", at, body: '{"é":1}' });
    const key = Buffer.from(secret.slice(6), "base64");
    expect(headers).toEqual({
      "webhook-id": "1",
      "webhook-timestamp": "1795248000",
      "webhook-signature": `v1,${createHmac("sha256", key).update('1.1795248000.{"é":1}').digest("base64")}`,
    });
  });
  it("agrees with the example of their reference library", () => {
    const headers = signedHeaders(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], {
      id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
      at: new Date(1614265330 * 1000),
      body: '{"test": 2432232314}',
    });
    expect(headers["webhook-signature"]).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  });
});

describe("the pauses between attempts", () => {
  it("grow, last more than three days and end", () => {
    const now = new Date(0);
    const pauses: number[] = [];
    for (let attempts = 1;; attempts++) {
      const next = nextAttempt(attempts, now);
      if (next === undefined) break;
      pauses.push(next.getTime());
    }
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
    expect(pauses.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(3 * 86_400_000);
  });
});
