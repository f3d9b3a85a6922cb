/** What a `dependsOn` means: a service of the same claim, else of exactly one claim of the same type. */
import { perClaim } from "./per-claim.ts";
import type { ClaimView } from "./rule.ts";
import type { Tree } from "./tree.ts";

export interface Dependency {
  readonly view: ClaimView;
  /** The service that depends. */
  readonly service: string;
  /** As it is written: `ledger` or `ledger-stage/ledger`. */
  readonly name: string;
  readonly optional: boolean;
  readonly pointer: string;
}

export type Target =
  | { readonly kind: "found"; readonly view: ClaimView; readonly service: string }
  | { readonly kind: "missing" }
  /** It may be in a claim that cannot be read, whose own diagnostics say enough. */
  | { readonly kind: "unread" }
  | { readonly kind: "ambiguous"; readonly views: readonly ClaimView[] };

export const dependenciesOf = perClaim((view): readonly Dependency[] =>
  view.claim.spec.services.flatMap(({ name: service, dependsOn = [] }, index) =>
    dependsOn.map((entry, position) => ({
      view,
      service,
      name: typeof entry === "string" ? entry : entry.name,
      optional: typeof entry !== "string" && entry.optional === true,
      pointer: `/spec/services/${index}/dependsOn/${position}${typeof entry === "string" ? "" : "/name"}`,
    })),
  ),
);

/** Those that the claim does not serve itself: only these can be missing, ambiguous or removed. */
export const foreignDependenciesOf = perClaim((view): readonly Dependency[] =>
  dependenciesOf(view).filter(({ name }) => !serves(view, name)),
);

export function targetOf({ view, name }: Dependency, tree: Tree): Target {
  const { type } = view.claim.spec;
  const [environment, service] = splitName(name);
  if (environment !== undefined) {
    const found = tree.byName.get(environment)?.find((other) => other.claim.spec.type === type && serves(other, service));
    if (found !== undefined) return { kind: "found", view: found, service };
    const isUnread = tree.unread.some((claim) => claim.name === environment && claim.folder === type);
    return { kind: isUnread ? "unread" : "missing" };
  }
  if (serves(view, service)) return { kind: "found", view, service };
  const views = tree.servedBy(type, service);
  const [only, ...more] = views;
  if (only === undefined) {
    const isUnread = tree.unread.some(({ folder, services }) => folder === type && services?.has(service) !== false);
    return { kind: isUnread ? "unread" : "missing" };
  }
  return more.length > 0 ? { kind: "ambiguous", views } : { kind: "found", view: only, service };
}

/** `ledger-stage/ledger` → its two names; `ledger` → none and its name. */
export function splitName(name: string): readonly [environment: string | undefined, service: string] {
  const slash = name.indexOf("/");
  return slash === -1 ? [undefined, name] : [name.slice(0, slash), name.slice(slash + 1)];
}

function serves({ claim }: ClaimView, service: string): boolean {
  return claim.spec.services.some(({ name }) => name === service);
}

/** The removed environment that had what is now missing; undefined when none is known to have had it. */
export function removedSource({ view, name }: Dependency, tree: Tree): string | undefined {
  const [environment, service] = splitName(name);
  const { type } = view.claim.spec;
  return tree.removed.find(({ name: removed, claim }) =>
    environment === undefined
      ? claim?.spec.type === type && claim.spec.services.some((candidate) => candidate.name === service)
      : removed === environment,
  )?.name;
}
