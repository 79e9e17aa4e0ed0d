/// <reference lib="dom" />
/** The plain text of an HTML body, for quoting it in an answer. Nothing is run or fetched: the document is inert. */
export function htmlToText(html: string): string {
  const { body } = new DOMParser().parseFromString(html, "text/html");
  for (const element of body.querySelectorAll("script,style,template,noscript")) element.remove();
  return render(body).replace(/[ \t]+\n/g, "\n").replace(/\n{3,}/g, "\n\n").trim();
}

const blocks =
  /^(ADDRESS|ARTICLE|BLOCKQUOTE|DIV|DL|DT|DD|FIGURE|FOOTER|H[1-6]|HEADER|LI|OL|P|PRE|SECTION|TABLE|TR|UL)$/;

function render(node: Node): string {
  if (node.nodeType === Node.TEXT_NODE) return (node.textContent ?? "").replace(/\s+/g, " ");
  if (node.nodeName === "BR") return "\n";
  if (node.nodeName === "HR") return "\n---\n";
  let text = [...node.childNodes].map(render).join("");
  if (node.nodeName === "LI") text = `- ${text.trim()}`;
  if (node.nodeName === "TD" || node.nodeName === "TH") text = `${text.trim()} `;
  if (node.nodeName === "BLOCKQUOTE") text = text.trim().replace(/^/gm, "> ");
  if (!blocks.test(node.nodeName)) return text;
  const gap = node.nodeName === "P" || /^H\d$/.test(node.nodeName) || node.nodeName === "BLOCKQUOTE"
    ? "\n\n"
    : "\n";
  return `\n${text.replace(/^ +/, "")}${gap}`;
}
