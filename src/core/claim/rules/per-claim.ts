import type { ClaimView } from "./rule.ts";

/** Computes once for each view: the cache keeps a claim's view, so thousands of claims that did not change cost nothing. */
export function perClaim<T>(compute: (view: ClaimView) => T): (view: ClaimView) => T {
  const known = new WeakMap<ClaimView, { readonly result: T }>();
  return (view) => {
    const found = known.get(view);
    if (found !== undefined) return found.result;
    const result = compute(view);
    known.set(view, { result });
    return result;
  };
}
