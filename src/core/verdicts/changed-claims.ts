/** Claims that two sets of rules judge differently: refused by one, accepted by the other. */
import type { Diagnostic } from "../diagnostic.ts";

/** The mistakes of one tree by the adopted and by the proposed rules. */
export interface TwiceJudged {
  /** Undefined: the tree that this merge request makes, with its live claims; else what that merge request would make. */
  readonly mergeRequest: number | undefined;
  /** Only these files are asked about. */
  readonly paths: ReadonlySet<string>;
  readonly adopted: readonly Diagnostic[];
  readonly proposed: readonly Diagnostic[];
}

export interface ChangedClaim {
  readonly path: string;
  readonly mergeRequest: number | undefined;
  /** refused: nothing more is released for it, though what lives stays. */
  readonly verdict: "refused" | "accepted";
  /** Why it is refused, by the rules that refuse it. */
  readonly mistakes: readonly Diagnostic[];
}

export function changedClaims(trees: readonly TwiceJudged[]): readonly ChangedClaim[] {
  return trees.flatMap(({ mergeRequest, paths, adopted, proposed }) => {
    const [was, will] = [mistakesByPath(adopted), mistakesByPath(proposed)];
    return [...paths].toSorted().flatMap((path): ChangedClaim[] => {
      const [before, after] = [was.get(path), will.get(path)];
      if (before === undefined && after !== undefined) return [{ path, mergeRequest, verdict: "refused", mistakes: after }];
      if (before !== undefined && after === undefined) return [{ path, mergeRequest, verdict: "accepted", mistakes: before }];
      return [];
    });
  });
}

function mistakesByPath(diagnostics: readonly Diagnostic[]): ReadonlyMap<string, readonly Diagnostic[]> {
  return Map.groupBy(
    diagnostics.filter(({ severity }) => severity === "error"),
    ({ path }) => path,
  );
}
