/// <reference lib="dom" />
/**
 * The one configuration by which a message's HTML may be shown. Three locks, each enough alone: this allow-list; a
 * sandboxed frame without scripts; the frame's own Content-Security-Policy that lets nothing be fetched but the
 * message's own inline images. Remote content is never loaded: it would tell the sender who read, when and where.
 */
import createDOMPurify from "dompurify";

export interface SanitisedMail {
  readonly html: string;
  /** How many references to other hosts were taken out. */
  readonly blockedRemote: number;
}

const tags = (
  "a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn " +
  "div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q s " +
  "samp section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr"
).split(" ");

const attributes = (
  "abbr align alt bgcolor border cellpadding cellspacing color cols colspan datetime dir face headers height href " +
  "hspace lang nowrap open reversed rowspan rules scope size span src start style summary title type valign vspace width"
).split(" ");

/** CSS that can only change how text looks; none of these takes an address. */
const styleProperty =
  /^(background-color|border(-(top|right|bottom|left))?(-(color|style|width))?|border-(collapse|spacing|radius)|caption-side|clear|color|direction|display|empty-cells|float|font(-(family|size|style|variant|weight))?|height|letter-spacing|line-height|list-style-type|margin(-(top|right|bottom|left))?|max-(height|width)|min-(height|width)|padding(-(top|right|bottom|left))?|table-layout|text-(align|decoration|decoration-line|indent|transform)|vertical-align|white-space|width|word-break|word-spacing|overflow-wrap)$/;
/** Anything that fetches, computes or hides behind an escape. */
const unsafeValue =
  /url|image|src|var\s*\(|env\s*\(|attr\s*\(|expression|import|paint\s*\(|element\s*\(|[\\@<>{}]/i;
const remoteAddress = /(?:https?:|ftp:|^\s*)\/\//i;
const inlineImage = /^data:image\/(?:png|jpe?g|gif|webp|bmp);base64,[a-z0-9+/=\s]*$/i;
const linkAddress = /^(?:https?:\/\/|mailto:|tel:)/i;

/**
 * Sanitises one message body. `resolveCid` gives the address of an inline part on this origin, or undefined.
 */
export function sanitiseMail(html: string, resolveCid: (cid: string) => string | undefined): SanitisedMail {
  const purify = createDOMPurify(window);
  let blockedRemote = 0;

  purify.addHook("uponSanitizeElement", (node, { tagName }) => {
    // Counted before it goes: a style sheet, a frame or a picture's source that names another host.
    if (tagName === "style" || tagName === "link" || tagName === "source" || tagName === "iframe") {
      const element = node as Element;
      const text = [...(element.attributes ?? [])].map(({ value }) => value).join(" ") +
        (element.textContent ?? "");
      if (remoteAddress.test(text)) blockedRemote++;
    }
  });
  purify.addHook("uponSanitizeAttribute", (node, data) => {
    const { attrName, attrValue } = data;
    if (attrName === "background" || attrName === "srcset" || attrName === "poster") {
      if (remoteAddress.test(attrValue)) blockedRemote++;
    }
    if (attrName === "style") {
      const kept = cleanStyle(node as HTMLElement);
      if (/url\s*\(|image-set/i.test(attrValue) && remoteAddress.test(attrValue)) blockedRemote++;
      if (kept === "") data.keepAttr = false;
      else data.attrValue = kept;
    }
    if (attrName === "href" && (node.nodeName !== "A" || !linkAddress.test(attrValue.trim()))) {
      data.keepAttr = false;
    }
    if (attrName === "src") {
      const address = attrValue.trim();
      const cid = /^cid:(.+)$/i.exec(address)?.[1];
      const resolved = cid === undefined ? undefined : resolveCid(decodeSafely(cid));
      if (node.nodeName !== "IMG") data.keepAttr = false;
      else if (resolved !== undefined) data.attrValue = resolved;
      else if (!inlineImage.test(address)) {
        data.keepAttr = false;
        if (remoteAddress.test(address)) blockedRemote++;
      }
    }
  });
  purify.addHook("afterSanitizeAttributes", (node) => {
    if (node.nodeName === "A" && node.hasAttribute("href")) {
      node.setAttribute("target", "_blank");
      node.setAttribute("rel", "noopener noreferrer nofollow");
      node.setAttribute("title", node.getAttribute("href") ?? "");
    }
    if (node.nodeName === "IMG" && !node.hasAttribute("src")) node.setAttribute("data-blocked", "");
  });

  const clean = purify.sanitize(html, {
    ALLOWED_TAGS: tags,
    ALLOWED_ATTR: attributes,
    ALLOW_ARIA_ATTR: false,
    ALLOW_DATA_ATTR: false,
    ALLOW_UNKNOWN_PROTOCOLS: false,
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|tel:|cid:|data:image\/|\/|[^a-z]|[a-z+.-]+(?:[^a-z+.\-:]|$))/i,
    FORBID_CONTENTS: [
      "style",
      "script",
      "template",
      "noscript",
      "title",
      "svg",
      "math",
      "xmp",
      "iframe",
      "object",
    ],
    SANITIZE_DOM: true,
    // What stands in the head is judged, and counted, like the rest.
    FORCE_BODY: true,
  });
  return { html: clean, blockedRemote };
}

/** The style attribute as the browser understood it, with only harmless properties. */
function cleanStyle(node: HTMLElement): string {
  const kept: string[] = [];
  for (const name of node.style ?? []) {
    const value = node.style.getPropertyValue(name);
    if (styleProperty.test(name) && !unsafeValue.test(value)) kept.push(`${name}:${value}`);
  }
  return kept.join(";");
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray percent sign is part of the name
  }
}

/** The whole document of the frame. `origin` is ours: inline images come from its download address alone. */
export function frameDocument(html: string, origin: string, language: string): string {
  const policy = `default-src 'none'; img-src data: ${origin}/jmap/download/; style-src 'unsafe-inline'`;
  return `<!doctype html><html lang="${language}"><head><meta charset="utf-8">` +
    `<meta http-equiv="Content-Security-Policy" content="${policy}">` +
    `<meta name="referrer" content="no-referrer"><style>${frameStyle}</style></head><body>${html}</body></html>`;
}

/** Mail is written for white paper: the frame stays light in the dark theme too. */
const frameStyle = "html{color-scheme:light;background:#fff}" +
  "body{margin:0;padding:16px;color:#15232c;font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',sans-serif;overflow-wrap:anywhere;overflow-x:auto}" +
  "img{max-width:100%;height:auto}img[data-blocked]{display:none}table{max-width:100%}" +
  "blockquote{margin:0 0 0 8px;padding-left:12px;border-left:3px solid #c4d0d8;color:#48606e}a{color:#0b5c7d}pre{white-space:pre-wrap}";
