/** A rule of the claim language: one file, one stable code, one question. Pure. */
import type { Claim } from "../claim.generated.ts";
import type { Finding } from "../places.ts";
import type { Platform } from "../platform.generated.ts";
import type { Tree } from "./tree.ts";

/** What the manual shows of a rule. The tests run both examples; test/core/claim/example.ts says how they are written. */
export interface RuleText {
  /** Stable and public, such as `claim/hostname-outside-zone`. Never renamed. */
  readonly code: string;
  /** What must be so, in one sentence. */
  readonly summary: string;
  /** YAML with the expected diagnostic drawn under the line. */
  readonly wrong: string;
  readonly right: string;
}

/** A claim and where it stands. */
export interface ClaimView {
  readonly path: string;
  /** The file name without .yaml. */
  readonly name: string;
  /** The folder. */
  readonly folder: string;
  readonly claim: Claim;
}

/** Judges one claim by itself. */
export interface ClaimRule extends RuleText {
  readonly about: "claim";
  check(view: ClaimView): readonly Finding[];
}

/** Judges one claim by the platform: adopted rules over the inputs of the merge result. */
export interface OfferRule extends RuleText {
  readonly about: "offer";
  check(view: ClaimView, platform: Platform): readonly Finding[];
}

/** Judges claims by one another and by the world that was passed in. */
export interface TreeRule extends RuleText {
  readonly about: "tree";
  check(tree: Tree): readonly (Finding & { readonly path: string })[];
}

/** Judges platform.yaml. */
export interface PlatformRule extends RuleText {
  readonly about: "platform";
  check(platform: Platform): readonly Finding[];
}
