/** The note that says once why the label of a hold is back. */
import { HOLD_LABEL } from "../gates.ts";
import type { User } from "../ports.ts";
import { code, plain } from "./encode.ts";

export const HOLD_MARKER = "<!-- claimbot:hold -->";

/** `user`: who took it off; undefined where nobody knows. `refusal`: why they may not. */
export function renderHoldNote({ user, refusal }: { readonly user: User | undefined; readonly refusal: string }): string {
  const who =
    user === undefined
      ? `The label ${code(HOLD_LABEL)} went, and GitLab does not say who took it off.`
      : `${code(user.username)} took the label ${code(HOLD_LABEL)} off, and may not: ${plain(refusal, 500)}`;
  return [
    `${HOLD_MARKER}\n### 🟠 Still held`,
    who,
    "Nothing new of this merge request is released. `/claim unhold` lets it go on, `/claim who` says who may.",
    "",
  ].join("\n\n");
}
