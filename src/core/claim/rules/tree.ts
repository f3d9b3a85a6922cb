/** All claims of a tree as the rules see them, with indexes that are made once. */
import type { EnvironmentType } from "../../environment.ts";
import type { Claim } from "../claim.generated.ts";
import type { Platform } from "../platform.generated.ts";
import type { ClaimView } from "./rule.ts";

/** A claim that the judged change removes: its name, and what it held where that is known. */
export interface Removed {
  readonly name: string;
  readonly claim?: Claim;
}

/** An environment that lives now. */
export interface Live {
  readonly type: string;
  readonly region: string;
  /** The names that it has; where that is not known, all that its claim asks for count as its own. */
  readonly hostnames?: readonly string[];
}

/** A claim whose file is there, but cannot be read: its own diagnostics say why. */
export interface Unread {
  /** The file name without .yaml. */
  readonly name: string;
  /** The folder, which is the type that it should have. */
  readonly folder: string;
  /** Services that it may have; undefined where nobody can tell. */
  readonly services: ReadonlySet<string> | undefined;
}

export interface Tree {
  /** Every claim that could be read, by path. */
  readonly views: readonly ClaimView[];
  /** Every claim that could not. */
  readonly unread: readonly Unread[];
  /** The claims of each name: more than one where two types have the same. */
  readonly byName: ReadonlyMap<string, readonly ClaimView[]>;
  /** The platform that judges; undefined where there is none. */
  readonly platform: Platform | undefined;
  /** Environments that live now. */
  readonly live: ReadonlyMap<string, Live>;
  /** Names that other open merge requests ask for. */
  readonly elsewhere: readonly { readonly hostname: string; readonly where: string }[];
  readonly removed: readonly Removed[];
  /** Claims of a type that have a service of this name. */
  servedBy(type: EnvironmentType, service: string): readonly ClaimView[];
}

export function treeOf(parts: Pick<Tree, "views" | "unread" | "platform" | "live" | "elsewhere" | "removed">): Tree {
  const byName = Map.groupBy(parts.views, ({ name }) => name);
  let services: Map<string, ClaimView[]> | undefined;
  return {
    ...parts,
    byName,
    servedBy(type, service) {
      services ??= indexServices(parts.views);
      return services.get(`${type}/${service}`) ?? [];
    },
  };
}

function indexServices(views: readonly ClaimView[]): Map<string, ClaimView[]> {
  const index = new Map<string, ClaimView[]>();
  for (const view of views) {
    for (const name of new Set(view.claim.spec.services.map((service) => service.name))) {
      const key = `${view.claim.spec.type}/${name}`;
      const known = index.get(key);
      if (known === undefined) index.set(key, [view]);
      else known.push(view);
    }
  }
  return index;
}
