/** What the database remembers beside the queue. Losing it costs calls, never the truth. */
import type { Memory, ReviewedPlans } from "../core/ports.ts";
import type { Sql } from "./db.ts";

export function memoryOf(db: Sql): Memory {
  return {
    async stickyNote(mergeRequest, marker) {
      const [row] = await db.query(
        "SELECT note_id, body_digest FROM claimbot.sticky_note WHERE merge_request = $1 AND marker = $2",
        [mergeRequest, marker],
      );
      return row && { noteId: Number(row["note_id"]), bodyDigest: String(row["body_digest"]) };
    },
    async rememberStickyNote(mergeRequest, marker, { noteId, bodyDigest }) {
      await db.query(
        `INSERT INTO claimbot.sticky_note (merge_request, marker, note_id, body_digest) VALUES ($1, $2, $3, $4)
         ON CONFLICT (merge_request, marker) DO UPDATE SET note_id = excluded.note_id, body_digest = excluded.body_digest`,
        [mergeRequest, marker, noteId, bodyDigest],
      );
    },
    async pusherOf(sha) {
      const [row] = await db.query("SELECT user_id FROM claimbot.pusher WHERE sha = $1", [sha]);
      return row && Number(row["user_id"]);
    },
    async reviewedPlans(mergeRequest) {
      const [row] = await db.query("SELECT reviewed FROM claimbot.reviewed_plans WHERE merge_request = $1", [mergeRequest]);
      return row && (row["reviewed"] as ReviewedPlans);
    },
    async rememberReviewedPlans(mergeRequest, reviewed) {
      await db.query(
        `INSERT INTO claimbot.reviewed_plans (merge_request, reviewed) VALUES ($1, $2::text::jsonb)
         ON CONFLICT (merge_request) DO UPDATE SET reviewed = excluded.reviewed`,
        [mergeRequest, JSON.stringify(reviewed)],
      );
    },
  };
}
