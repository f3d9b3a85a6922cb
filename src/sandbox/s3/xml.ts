/** XML as S3 writes it, and the little of it that clients send. */

/** An element with text, or with elements in it. */
export type Element = readonly [name: string, content: string | number | boolean | readonly Element[]];

const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };

function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (sign) => ESCAPES[sign] ?? sign);
}

export function document(name: string, content: readonly Element[], namespace: string = NAMESPACE): string {
  return `${DECLARATION}<${name} xmlns="${namespace}">${content.map(element).join("")}</${name}>`;
}

/** Without a namespace, as refusals are. */
export function plainDocument(name: string, content: readonly Element[]): string {
  return DECLARATION + element([name, content]);
}

function element([name, content]: Element): string {
  return `<${name}>${typeof content === "object" ? content.map(element).join("") : escapeXml(String(content))}</${name}>`;
}

/** The texts of a body's leaf elements, by name; undefined when it is not one `<root>…</root>` of such. Takes no attribute but xmlns. */
export function readElements(body: string, root: string): Readonly<Record<string, string>> | undefined {
  const inner = new RegExp(
    `^\\s*(?:<\\?xml[^>]*\\?>\\s*)?<${root}(?: xmlns="[^"<]*")?\\s*(?:/>|>([\\s\\S]*)</${root}>)\\s*$`,
  ).exec(body);
  if (inner === null) return undefined;
  const found: Record<string, string> = {};
  const rest = (inner[1] ?? "").replaceAll(/<(\w+)>([^<]*)<\/\1>/g, (_, name: string, text: string) => {
    found[name] = text.trim();
    return "";
  });
  return rest.trim() === "" ? found : undefined;
}
