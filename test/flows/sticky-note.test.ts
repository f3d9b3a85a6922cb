/** A sticky note after an edit whose end nobody knows: the next text is written, also where it is the one from before. */
import { expect, test } from "vitest";
import { Waiting } from "../../src/core/errors.ts";
import type { StickyNote } from "../../src/core/ports.ts";
import { writeStickyNote } from "../../src/flows/sticky-note.ts";
import type { ForgeWorld } from "../../src/flows/world.ts";

const MARKER = "<!-- claimbot:plan -->";
const signal = AbortSignal.timeout(10_000);

test("an edit that GitLab took and did not answer is not mistaken for one that it did not take", async () => {
  let shown = "";
  let answers = true;
  let known: StickyNote | undefined;
  const world: Partial<Record<keyof ForgeWorld, unknown>> = {
    memory: {
      stickyNote: async () => known,
      rememberStickyNote: async (_iid: number, _marker: string, note: StickyNote) => void (known = note),
    },
    forge: {
      findOwnNote: async () => undefined,
      createNote: async (_iid: number, body: string) => ((shown = body), { id: 1 }),
      async editNote(_iid: number, _id: number, body: string) {
        shown = body;
        if (!answers) throw new Waiting("GitLab gave no answer", 1_000);
        return "edited";
      },
    },
  };
  const write = async (text: string): Promise<unknown> =>
    writeStickyNote(world as unknown as ForgeWorld, 7, MARKER, `${MARKER}\n${text}`, signal);

  await write("held");
  answers = false;
  await expect(write("on its way")).rejects.toThrow(Waiting);
  answers = true;
  await write("held");
  expect(shown).toBe(`${MARKER}\nheld`);
});
