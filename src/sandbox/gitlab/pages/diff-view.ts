/** The changed files of a merge request as coloured unified diffs. */
import { html } from "hono/html";
import { diffLines, type FileDiff } from "../file-diff.ts";
import type { Html } from "./layout.ts";

// Few files are read at once; many are looked up.
const OPEN_FILES = 3;

export function diffView(files: readonly FileDiff[]): Html {
  return html`${files.map((file) => fileView(file, files.length <= OPEN_FILES))}`;
}

function fileView(file: FileDiff, open: boolean): Html {
  const lines = diffLines(file.diff);
  const count = (kind: "added" | "removed"): number => lines.filter((line) => line.kind === kind).length;
  const name = file.kind === "renamed" ? `${file.oldPath} → ${file.newPath}` : file.newPath;
  return html`<details class="file" ${open ? "open" : ""}>
    <summary>
      ${name} ${file.kind === "changed" ? "" : html`<span class="badge">${file.kind}</span>`}
      <span class="plus">+${count("added")}</span>
      <span class="minus">−${count("removed")}</span>
    </summary>
    <table>
      <tbody>
        ${lines.map((line) =>
          line.kind === "hunk"
            ? html`<tr class="hunk">
                <td class="no"></td>
                <td class="no"></td>
                <td>${line.text}</td>
              </tr>`
            : html`<tr class="${line.kind}">
                <td class="no">${line.kind === "added" ? "" : line.oldLine}</td>
                <td class="no">${line.kind === "removed" ? "" : line.newLine}</td>
                <td>${line.text}</td>
              </tr>`,
        )}
      </tbody>
    </table>
  </details>`;
}
