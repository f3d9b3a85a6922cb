/** One mistake in Markdown: its place, what is wrong, the way out and the rule. */
import type { Diagnostic } from "../diagnostic.ts";
import { code, plain } from "./encode.ts";

export function mistakeLine({ path, line, column, severity, message, hint, code: rule }: Diagnostic): string {
  const sign = severity === "error" ? "❌" : "⚠️";
  return [`- ${sign} ${code(`${path}:${line}:${column}`)}`, plain(message), plain(hint), code(rule)].filter(Boolean).join(" ");
}
