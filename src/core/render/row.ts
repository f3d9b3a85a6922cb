/** A change, or a part of one, in a person's words. Raw text. */
import type { TargetName } from "../plan.ts";
import type { Change } from "../resource.ts";

export interface Row {
  readonly verb: Change["verb"];
  readonly target: TargetName;
  /** Unique in a plan, and the same in another plan of the environment. */
  readonly key: string;
  readonly what: string;
  readonly before?: string;
  readonly after?: string;
}
