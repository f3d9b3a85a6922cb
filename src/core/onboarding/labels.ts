/** The labels that claimbot reads. */
import { HOLD_LABEL } from "../gates.ts";

export const LABELS = [
  {
    name: HOLD_LABEL,
    color: "#cc3311",
    description: "claimbot holds the release of this merge request until the label is taken away",
  },
] as const;
