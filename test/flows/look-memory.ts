/** What the database remembers of verify's looks, without a database. */
import type { Look, Memory } from "../../src/core/ports.ts";

export function lookMemory(): Pick<Memory, "looks" | "rememberLook" | "forgetLooks"> {
  const looks = new Map<string, Look>();
  return {
    looks: async () => [...looks.values()],
    rememberLook: async (look) => void looks.set(look.part, look),
    forgetLooks: async (others) => {
      for (const part of looks.keys()) if (!others.includes(part)) looks.delete(part);
    },
  };
}
