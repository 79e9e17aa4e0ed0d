/**
 * Nothing committed ties the product to one machine: no package registry's host, no `tarball` address in deno.lock
 * (a mirror leaves one, and later installs everywhere would fetch from that mirror), no absolute path of the
 * machine where the work was done.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Fault, lineAt, listFiles, report } from "./check-report.ts";

interface Rule {
  readonly pattern: RegExp;
  readonly sentence: (found: string) => string;
  readonly only?: RegExp;
  readonly except?: RegExp;
}

const binary = /\.(png|jpe?g|gif|ico|webp|woff2?|ttf|gz|zip|p12|der|pdf|wasm)$/i;
/** These two files hold the patterns themselves. */
const self = /^(scripts\/check-hosts\.ts|tests\/scripts\/check-hosts\.test\.ts)$/;

/** The folders where work is done on the machines that we know; a deployment guide may name /etc, /var or /usr. */
const rules: readonly Rule[] = [
  {
    pattern:
      /\b(registry\.(npmjs|yarnpkg)\.[a-z]+|registry\.npmmirror\.com|jsr\.io|pypi\.org|proxy\.golang\.org)\b/gi,
    sentence: (found) =>
      `names the registry host ${found}; the clients' own configuration says where packages are.`,
  },
  {
    pattern: /"tarball"\s*:/g,
    only: /(^|\/)deno\.lock$/,
    sentence: () => `holds a tarball address, left by a mirror; install again from the default registry.`,
  },
  {
    pattern: /"resolved"\s*:\s*"http/g,
    only: /(^|\/)package-lock\.json$/,
    sentence: () => `holds a download address.`,
  },
  {
    except: /(^|\/)(compose[\w.-]*\.yaml|Dockerfile[\w.-]*)$/, // paths inside a container
    pattern: /(?<![\w.~:-])\/(?:work|home\/[a-z][\w-]*|root|opt|Users\/\w+)\/[\w.-]+/g,
    sentence: (found) => `names ${found}, a path of one machine.`,
  },
];

/** Faults of every text file that git would commit. */
export async function checkHosts(root: string): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const file of await listFiles(root)) {
    if (binary.test(file) || self.test(file)) continue;
    const text = await readFile(join(root, file), "utf8");
    for (const rule of rules) {
      if (rule.only?.test(file) === false || rule.except?.test(file) === true) continue;
      for (const match of text.matchAll(rule.pattern)) {
        faults.push({ file, line: lineAt(text, match.index), sentence: rule.sentence(match[0]) });
      }
    }
  }
  return faults;
}

if (import.meta.main) await report("check:hosts", checkHosts);
