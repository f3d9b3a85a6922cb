/** What the database remembers beside the queue. Losing it costs calls, never the truth. */
import type { Look, Memory, RememberedStatus, ReviewedPlans } from "../core/ports.ts";
import type { Row, Sql } from "./db.ts";

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
    async rememberPusher(sha, userId) {
      await db.query("INSERT INTO claimbot.pusher (sha, user_id) VALUES ($1, $2) ON CONFLICT (sha) DO NOTHING", [sha, userId]);
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
    async status(sha, name) {
      const [row] = await db.query("SELECT * FROM claimbot.commit_status WHERE sha = $1 AND name = $2", [sha, name]);
      return row && statusOf(row);
    },
    async rememberStatus({ sha, name, mergeRequest, parts, said, pipelineId }) {
      // Two environments of one merge request may be told of by two processes: neither takes the other's part away.
      await db.query(
        `INSERT INTO claimbot.commit_status AS known (sha, name, merge_request, parts, said, pipeline_id)
         VALUES ($1, $2, $3, $4::text::jsonb, $5::text::jsonb, $6)
         ON CONFLICT (sha, name) DO UPDATE SET parts = known.parts || excluded.parts, said = excluded.said,
           pipeline_id = coalesce(excluded.pipeline_id, known.pipeline_id), at = now()`,
        [sha, name, mergeRequest, JSON.stringify(parts), said === undefined ? null : JSON.stringify(said), pipelineId ?? null],
      );
    },
    async openStatuses() {
      const rows = await db.query(
        `SELECT * FROM claimbot.commit_status WHERE said IS NULL OR EXISTS (
           SELECT 1 FROM jsonb_each(parts) AS part WHERE part.value ->> 'state' NOT IN ('settled', 'overtaken'))
         ORDER BY at, sha`,
      );
      return rows.map(statusOf);
    },
    async looks() {
      return (await db.query("SELECT * FROM claimbot.look ORDER BY part")).map(lookOf);
    },
    async rememberLook({ part, begunAt, endedAt, deviations }) {
      await db.query(
        `INSERT INTO claimbot.look (part, begun_at, ended_at, deviations) VALUES ($1, $2, $3, $4)
         ON CONFLICT (part) DO UPDATE SET begun_at = excluded.begun_at, ended_at = excluded.ended_at, deviations = excluded.deviations`,
        [part, begunAt, endedAt ?? null, deviations],
      );
    },
    async forgetLooks(others) {
      await db.query("DELETE FROM claimbot.look WHERE part <> ALL($1::text[])", [others]);
    },
  };
}

function lookOf(row: Row): Look {
  const endedAt = row["ended_at"] as Date | null;
  return {
    part: String(row["part"]),
    begunAt: (row["begun_at"] as Date).toISOString(),
    endedAt: endedAt?.toISOString(),
    deviations: Number(row["deviations"]),
  };
}

function statusOf(row: Row): RememberedStatus {
  return {
    sha: String(row["sha"]),
    name: row["name"] as RememberedStatus["name"],
    mergeRequest: Number(row["merge_request"]),
    parts: row["parts"] as RememberedStatus["parts"],
    said: (row["said"] as RememberedStatus["said"] | null) ?? undefined,
    pipelineId: row["pipeline_id"] === null ? undefined : Number(row["pipeline_id"]),
  };
}
