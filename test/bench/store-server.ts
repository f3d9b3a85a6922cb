/** The sandbox's S3 as a process of its own, so that what it keeps is not weighed with us. Says where it is, and ends with its parent. */
import { startS3 } from "../../src/sandbox/s3/s3.ts";

const server = await startS3();
// Nobody reads the journal, which would grow with each request.
setInterval(() => (server.journal as unknown[]).splice(0), 100);
process.once("disconnect", () => process.exit());
process.send?.({ url: server.url, ...server.credentials });
