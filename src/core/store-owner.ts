/** Which GitLab project a claim store belongs to: two projects on one store would take each other's environments for removed ones. */
import type { Project } from "./ports.ts";

/** A project as GitLab knows it: its number stays when it is renamed. */
export interface StoreOwner {
  readonly id: number;
  /** `platform/static-environments`. */
  readonly path: string;
  /** Host and port of its GitLab. */
  readonly host: string;
}

/** As an adoption of rules has it: without number and host where no GitLab was asked, and then the path may be "local". */
export type WrittenOwner = Pick<StoreOwner, "path"> & Partial<StoreOwner>;

export function ownerOf({ id, path, webUrl }: Project): StoreOwner {
  return { id, path, host: new URL(webUrl).host };
}

/**
 * Whether the store is ours, also where the project was renamed (same GitLab, same number) or its GitLab has another address (same path, same
 * number). `former`: the path of a project whose store somebody told us to take over.
 */
export function isOwn(written: WrittenOwner, ours: StoreOwner, former: string | undefined): boolean {
  const { id, path, host } = written;
  if (path === former) return true;
  if (id === undefined) return path === "local" || path === ours.path;
  return id === ours.id && (host === ours.host || path === ours.path);
}
