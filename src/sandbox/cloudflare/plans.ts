/** What a zone's plan allows (developers.cloudflare.com, 2026-11). */
export type PlanName = "free" | "pro" | "business" | "enterprise";

export interface PlanLimits {
  readonly records: number;
  readonly batchOperations: number;
  readonly commentLength: number;
  readonly tagsPerRecord: number;
  readonly minTtlSeconds: number;
  readonly customRules: number;
  readonly customRulesets: number;
  readonly rateLimitRules: number;
  readonly maxPeriodSeconds: number;
  /** The longest mitigation timeout. */
  readonly maxTimeoutSeconds: number;
  /** Fields that a rate limit's expression may use, besides path and verified bot; undefined: all. */
  readonly rateLimitFields: readonly RegExp[] | undefined;
  /** What requests may be counted by, besides cf.colo.id; undefined: all. */
  readonly characteristics: readonly string[] | undefined;
  readonly countingExpression: boolean;
  readonly regex: boolean;
  readonly logAction: boolean;
  /** A timeout with a challenge, and none with another action: request throttling. */
  readonly throttling: boolean;
}

const PATH_AND_BOT = [/^(raw\.)?http\.request\.uri\.path$/, /^cf\.(client\.bot|bot_management\.verified_bot)$/];
const PRO_FIELDS = [
  ...PATH_AND_BOT,
  /^http\.host$/,
  /^(raw\.)?http\.request\.(uri|full_uri)$/,
  /^(raw\.)?http\.request\.uri\.(query|args.*|path\.extension)$/,
];
const BUSINESS_FIELDS = [...PRO_FIELDS, /^http\.request\.method$/, /^ip\.src$/, /^http\.user_agent$/];

export const PLANS: Readonly<Record<PlanName, PlanLimits>> = {
  free: {
    records: 200,
    batchOperations: 200,
    commentLength: 100,
    tagsPerRecord: 0,
    minTtlSeconds: 60,
    customRules: 5,
    customRulesets: 1,
    rateLimitRules: 1,
    maxPeriodSeconds: 10,
    maxTimeoutSeconds: 10,
    rateLimitFields: PATH_AND_BOT,
    characteristics: ["ip.src"],
    countingExpression: false,
    regex: false,
    logAction: false,
    throttling: false,
  },
  pro: {
    records: 3500,
    batchOperations: 3500,
    commentLength: 500,
    tagsPerRecord: 20,
    minTtlSeconds: 60,
    customRules: 20,
    customRulesets: 2,
    rateLimitRules: 2,
    maxPeriodSeconds: 60,
    maxTimeoutSeconds: 3600,
    rateLimitFields: PRO_FIELDS,
    characteristics: ["ip.src"],
    countingExpression: false,
    regex: false,
    logAction: false,
    throttling: false,
  },
  business: {
    records: 3500,
    batchOperations: 3500,
    commentLength: 500,
    tagsPerRecord: 20,
    minTtlSeconds: 60,
    customRules: 100,
    customRulesets: 5,
    rateLimitRules: 5,
    maxPeriodSeconds: 600,
    maxTimeoutSeconds: 86_400,
    rateLimitFields: BUSINESS_FIELDS,
    characteristics: ["ip.src", "cf.unique_visitor_id"],
    countingExpression: true,
    regex: true,
    logAction: false,
    throttling: false,
  },
  enterprise: {
    records: 3500,
    batchOperations: 3500,
    commentLength: 500,
    tagsPerRecord: 20,
    minTtlSeconds: 30,
    customRules: 1000,
    customRulesets: 10,
    rateLimitRules: 100,
    maxPeriodSeconds: 86_400,
    maxTimeoutSeconds: 86_400,
    rateLimitFields: undefined,
    characteristics: undefined,
    countingExpression: true,
    regex: true,
    logAction: true,
    throttling: true,
  },
};

/** Periods and mitigation timeouts that exist at all, in seconds. */
export const PERIODS_SECONDS: readonly number[] = [
  10, 15, 20, 30, 40, 45, 60, 90, 120, 180, 240, 300, 480, 600, 900, 1200, 1800, 2400, 3600, 65_535, 86_400,
];
