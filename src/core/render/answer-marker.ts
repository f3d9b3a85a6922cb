/** Begins our answer to a note: an HTML comment, by which it is found again. */
export function answerMarker(noteId: number): string {
  return `<!-- claimbot:answer:${noteId} -->`;
}
