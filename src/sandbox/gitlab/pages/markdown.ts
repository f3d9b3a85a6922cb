/** Renders comments as GitLab does, as far as claimbot writes them; whatever else they hold comes out as text. */
import MarkdownIt from "markdown-it";

// Of all HTML that GitLab lets through, what a plan note needs; attributes go, but `open`.
const ALLOWED_TAGS = new Set([
  "details",
  "summary",
  "b",
  "strong",
  "i",
  "em",
  "code",
  "kbd",
  "sub",
  "sup",
  "del",
  "ins",
  "br",
  "hr",
  "p",
]);

const markdown = new MarkdownIt({ html: true, linkify: false, breaks: false });
markdown.disable("image");
markdown.renderer.rules.html_block = (tokens, index) => safeHtml(tokens[index]?.content ?? "");
markdown.renderer.rules.html_inline = (tokens, index) => safeHtml(tokens[index]?.content ?? "");
const plainFence = markdown.renderer.rules.fence;
markdown.renderer.rules.fence = (tokens, index, options, env, self) => {
  const token = tokens[index];
  const fence = plainFence?.(tokens, index, options, env, self) ?? "";
  if (token === undefined || !/^suggestion(:-\d+\+\d+)?$/.test(token.info.trim())) return fence;
  const lines = token.content.replace(/\n$/, "").split("\n");
  const added = lines.map((line) => `<span class="line added">+ ${escapeHtml(line)}</span>`).join("");
  return `<div class="suggestion"><p>Suggested change</p><pre>${added}</pre></div>`;
};
markdown.core.ruler.after("inline", "task-lists", (state) => {
  for (const [index, token] of state.tokens.entries()) {
    const box = /^\[([ xX])\] /.exec(token.content);
    const inItem = state.tokens[index - 2]?.type === "list_item_open";
    const first = token.children?.[0];
    if (token.type !== "inline" || box === null || !inItem || first?.type !== "text") continue;
    first.content = `${box[1] === " " ? "☐" : "☑"} ${first.content.slice(box[0].length)}`;
    state.tokens[index - 2]?.attrJoin("class", "task");
  }
});

/** HTML that is safe in a page: a whitelist of bare tags, everything else escaped. */
export function renderMarkdown(text: string): string {
  return markdown.render(text);
}

/** Comments vanish, allowed tags lose their attributes, all other tags become text. */
function safeHtml(html: string): string {
  return html.replaceAll(
    /<!--[\s\S]*?(?:-->|$)|<(\/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s[^<>]*)?)\/?>|[<>"]/g,
    (found, slash, name, rest) => {
      if (found.startsWith("<!--")) return "";
      const tag = typeof name === "string" ? name.toLowerCase() : "";
      if (!ALLOWED_TAGS.has(tag)) return escapeHtml(found);
      const open = tag === "details" && slash === "" && /^\s+open\b/.test(String(rest)) ? " open" : "";
      return `<${String(slash)}${tag}${open}>`;
    },
  );
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
