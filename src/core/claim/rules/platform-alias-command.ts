import { aliasMistake } from "../../command/line.ts";
import { pointerOf } from "../places.ts";
import type { PlatformRule } from "./rule.ts";

export const platformAliasCommand: PlatformRule = {
  about: "platform",
  code: "platform/alias-command",
  summary: "An alias stands for a command that there is, with arguments that it takes, and never for another alias.",
  wrong: `
# file: platform.yaml
spec:
  commands:
    aliases:
      st: statsu
          ^^^^^^ error platform/alias-command
      again: ship
             ^^^^ error platform/alias-command
      ship: unhold now
            ^^^^^^^^^^ error platform/alias-command
`,
  right: `
# file: platform.yaml
spec:
  commands:
    aliases:
      st: status
      ship: apply
`,
  check({ spec: { commands } }) {
    const aliases = commands?.aliases ?? {};
    return Object.entries(aliases).flatMap(([name, words]) => {
      const mistake = aliasMistake(words, aliases);
      return mistake === undefined
        ? []
        : [
            {
              pointer: pointerOf("spec", "commands", "aliases", name),
              message: `${name}: ${mistake}`,
              hint: "Begin with a command, such as status; `/claim help` lists them.",
            },
          ];
    });
  },
};
