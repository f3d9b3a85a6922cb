import type { S3UnderTest } from "../contract/s3-servers.ts";

/** What leads a claimbot to a store that a suite opened. */
export function s3Settings({ options }: S3UnderTest): Record<string, string> {
  const { credentials } = options;
  if (!("accessKeyId" in credentials)) throw new Error("the suites give a static key");
  return {
    CLAIMBOT_S3_ENDPOINT: options.endpoint,
    CLAIMBOT_S3_BUCKET: options.bucket,
    CLAIMBOT_S3_ACCESS_KEY_ID: credentials.accessKeyId,
    CLAIMBOT_S3_SECRET_ACCESS_KEY: credentials.secretAccessKey.reveal(),
  };
}
