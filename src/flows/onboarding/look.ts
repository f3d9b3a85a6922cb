/** Looks at one thing; that it cannot be seen is a result too. */
import { failed, type Check } from "../../core/onboarding/check.ts";

export type Looked = Check | readonly Check[];

/** What goes wrong becomes the check of that name. */
export async function look(name: string, run: () => Promise<Looked>): Promise<readonly Check[]> {
  try {
    return [await run()].flat();
  } catch (error) {
    return [failed(name, error)];
  }
}
