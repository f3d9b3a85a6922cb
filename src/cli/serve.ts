/** claimbot serve: the service, the same as `npm start`. */
import { main } from "../main.ts";
import type { Run } from "./run.ts";
import { readWords } from "./words.ts";

export const serve: Run = async (words, terminal) => {
  readWords(words, {}, 0);
  return main(terminal.env);
};
