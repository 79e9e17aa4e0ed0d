import { expect, test } from "vitest";
import { StartFailure } from "../../../scripts/stack/part.ts";
import {
  EdgeUnavailable,
  inPrivateUsr,
  requirePrivateUsr,
} from "../../../mailserver/edge/imap/private-usr.ts";

const nobody = { user: "nobody", group: "nogroup", uid: 65534, gid: 65534 };

test("as root a mount is enough, and no right of root is kept", () => {
  const { command, args } = inPrivateUsr("/packages", nobody, "/usr/sbin/dovecot", ["-F"]);
  expect([command, ...args.slice(0, 2)]).toEqual(["unshare", "--mount", "--"]);
  expect(args).toContain("--no-new-privs");
  expect(args).toContain("--reuid=65534");
  expect(args.slice(-2)).toEqual(["/usr/sbin/dovecot", "-F"]);
});

test("a plain user mounts in a user namespace, and runs the program as himself", () => {
  const { args } = inPrivateUsr("/packages", undefined, "/usr/sbin/dovecot", ["-F"]);
  expect(args.slice(0, 3)).toEqual(["--user", "--map-root-user", "--mount"]);
  expect(args).toContain(`--map-user=${Deno.uid()}`);
});

test("where nothing can be put in the place of /usr one sentence says so, and it is no other failure of a start", async () => {
  const refused = await requirePrivateUsr("/nowhere", undefined).catch((error) => error);
  expect(refused).toBeInstanceOf(EdgeUnavailable);
  expect(refused).toBeInstanceOf(StartFailure);
  expect(refused.message).toMatch(
    /^Dovecot cannot run here: [^\n]*IMAP at the edge is left out, the rest runs\.$/,
  );
});
