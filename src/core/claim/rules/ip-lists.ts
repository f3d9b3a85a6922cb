import { pointerOf } from "../places.ts";
import type { ClaimView } from "./rule.ts";

/** Every address and network of a claim's lists. */
export function listedNetworks({ claim }: ClaimView): readonly { readonly text: string; readonly pointer: string }[] {
  return (["allowIps", "blockIps"] as const).flatMap((list) =>
    (claim.spec.waf?.[list] ?? []).map((text, index) => ({ text, pointer: pointerOf("spec", "waf", list, index) })),
  );
}
