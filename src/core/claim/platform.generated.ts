/** Generated from schemas/platform.v1.schema.json by `npm run generate`. */

/**
 * What the platform team offers and demands: platform.yaml, one file at the root of the claim repository.
 */
export interface Platform {
  /**
   * The version of the format.
   */
  apiVersion: "claimbot/v1";
  /**
   * Always Platform.
   */
  kind: "Platform";
  /**
   * The platform.
   */
  spec: {
    /**
     * The GitLab groups that may own an environment. A rule.
     *
     * @minItems 1
     * @maxItems 1000
     *
     * Items: The path of a GitLab group.
     */
    owners: string[];
    /**
     * The DNS zones in which environments may have names.
     *
     * @minItems 1
     * @maxItems 50
     *
     * Items: A zone at Cloudflare.
     */
    zones: {
      /**
       * The name of the zone.
       */
      name: string;
      /**
       * The plan of the zone: how many rules and which fields it allows.
       */
      plan: "free" | "pro" | "business" | "enterprise";
      /**
       * Wildcards covered by certificates beside the universal one, which covers the zone's name and one label below it.
       *
       * @maxItems 100
       *
       * Items: A wildcard or a name.
       */
      certificates?: string[];
    }[];
    /**
     * Rules of each type of environment.
     */
    types: {
      dev: TypeRules;
      sue: TypeRules;
      stage: TypeRules;
      prod: TypeRules;
    };
    /**
     * Where names point to. An input.
     */
    gateways: {
      /**
       * The gateway of the platform cluster, for dev and sue: a host name or an IPv4 address.
       */
      shared: {
        /**
         * Its name; names of environments become CNAME records.
         */
        hostname?: string;
        /**
         * Its IPv4 address; names of environments become A records.
         */
        address?: string;
      };
      /**
       * The gateways of stage and prod environments: <environment>.<domain>.
       */
      dedicated: {
        /**
         * The domain below which each dedicated gateway has the name of its environment.
         */
        domain: string;
      };
    };
    /**
     * The OCI registry of the services. An input.
     */
    registry: {
      /**
       * Host and optional port, as Flux reaches it.
       */
      host: string;
      /**
       * The path below which each service has the repository of its name.
       */
      repository: string;
    };
    /**
     * The regions for clusters. An input.
     *
     * @minItems 1
     * @maxItems 100
     *
     * Items: A region.
     */
    regions: string[];
    /**
     * Minor version of Kubernetes → the exact version that new clusters get. An input.
     */
    kubernetesVersions: {
      /**
       * The exact version.
       */
      [k: string]: string;
    };
    /**
     * What each class of node pool means. An input.
     *
     * @minItems 1
     * @maxItems 6
     *
     * Items: A class of node pool.
     */
    nodePools: {
      /**
       * The class.
       */
      class: "general-restricted" | "general-public" | "memory" | "storage" | "spot" | "ai";
      /**
       * What the class is for.
       */
      description?: string;
      /**
       * The provider's plan of a node.
       */
      plan: string;
      /**
       * Nodes that one pool of this class may have at the most.
       */
      maxNodes: number;
      /**
       * The types of environment that may use it.
       *
       * @minItems 1
       * @maxItems 4
       *
       * Items: A type.
       */
      types: ("dev" | "sue" | "stage" | "prod")[];
      /**
       * Labels of its nodes.
       */
      labels?: {
        /**
         * A label's value.
         */
        [k: string]: string;
      };
      /**
       * Taints of its nodes.
       *
       * @maxItems 10
       *
       * Items: A taint.
       */
      taints?: {
        /**
         * The key.
         */
        key: string;
        /**
         * The value.
         */
        value: string;
        /**
         * The effect.
         */
        effect: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
      }[];
    }[];
    /**
     * What every environment has: shared on the platform cluster for dev and sue, dedicated for stage and prod. An input.
     */
    components: {
      kong: Component;
      elasticsearch: Component;
      opal: Component;
      monitoring: Component;
    };
    /**
     * Where services get their secrets: Infisical. An input.
     */
    secrets?: {
      /**
       * The address of Infisical.
       */
      url: string;
      /**
       * The slug of the Infisical project; each environment has the folder of its name.
       */
      project: string;
    };
    /**
     * The baseline of the web application firewall, for every stage and prod environment. An input.
     */
    waf?: {
      /**
       * Rules that every stage and prod environment has; what they do is the claim's waf.mode.
       *
       * @maxItems 20
       *
       * Items: A baseline rule.
       */
      baseline: {
        /**
         * The stable name of the rule.
         */
        key: string;
        /**
         * What the rule is for.
         */
        description: string;
        /**
         * An expression of Cloudflare's rules language.
         */
        expression: string;
      }[];
    };
    /**
     * What one release may do before a person must confirm it. A rule.
     */
    limits?: {
      /**
       * Changes in one environment's plan.
       */
      changesPerRelease?: number;
      /**
       * Deletions in one environment's plan, but for the removal of the environment itself.
       */
      deletionsPerRelease?: number;
      /**
       * Environments that one merge request may change.
       */
      environmentsPerMergeRequest?: number;
    };
    /**
     * Commands in comments. A rule.
     */
    commands?: {
      /**
       * Your own names for commands: name → the words that it stands for. What is written behind it follows them: with ship: apply, /claim ship payments-prod is /claim apply payments-prod. Who may say it is who may say the command.
       */
      aliases?: {
        /**
         * A command and, if need be, its first arguments, with single blanks.
         */
        [k: string]: string;
      };
    };
    /**
     * Times in which nothing is released. A rule.
     *
     * @maxItems 100
     *
     * Items: A freeze: once, with from and until, or again and again, with rrule, timeZone and duration.
     */
    freezes?: (OneOffFreeze | RepeatingFreeze)[];
  };
}
/**
 * The rules of a type of environment.
 */
export interface TypeRules {
  /**
   * Names of this type end in one of these. Where suffixes of two types fit, the longer one decides.
   *
   * @minItems 1
   * @maxItems 50
   *
   * Items: A suffix.
   */
  suffixes: string[];
  /**
   * How many people, none of them author, committer or pusher, must approve.
   */
  approvals: number;
  /**
   * How long records and releases are locked in the claim store.
   */
  retentionDays: number;
  /**
   * What environments of this type may have.
   */
  quota: {
    /**
     * Environments of this type in all.
     */
    environments: number;
    /**
     * Nodes of one environment at the most, over all its pools.
     */
    nodes: number;
    /**
     * Services of one environment.
     */
    services: number;
    /**
     * Host names of one environment.
     */
    hostnames: number;
  };
  /**
   * How long environments of this type live. Sue only.
   */
  expiry?: {
    /**
     * The life time of a claim that names none.
     */
    ttl: string;
    /**
     * The longest life time that a claim may ask for.
     */
    maximum: string;
  };
}
/**
 * A component of every environment.
 */
export interface Component {
  /**
   * The Helm chart of a dedicated one.
   */
  chart: string;
  /**
   * The Helm repository.
   */
  repository: string;
  /**
   * The exact version of the chart.
   */
  version: string;
  /**
   * The namespace on the platform cluster in which the shared one runs.
   */
  sharedNamespace: string;
  /**
   * Values of the chart.
   */
  values?: {
    [k: string]: unknown;
  };
}
/**
 * A freeze that comes once.
 */
export interface OneOffFreeze {
  /**
   * The name of the freeze.
   */
  key: string;
  /**
   * The types that are frozen.
   *
   * @minItems 1
   * @maxItems 4
   *
   * Items: A type.
   */
  types: ("dev" | "sue" | "stage" | "prod")[];
  /**
   * Its beginning, in UTC.
   */
  from: string;
  /**
   * Its end, in UTC.
   */
  until: string;
  /**
   * Why.
   */
  reason: string;
}
/**
 * A freeze that comes again and again, at the same time of the wall clock in summer and winter.
 */
export interface RepeatingFreeze {
  /**
   * The name of the freeze.
   */
  key: string;
  /**
   * The types that are frozen.
   *
   * @minItems 1
   * @maxItems 4
   *
   * Items: A type.
   */
  types: ("dev" | "sue" | "stage" | "prod")[];
  /**
   * When it begins: a recurrence rule of RFC 5545 with FREQ (DAILY, WEEKLY, MONTHLY or YEARLY), INTERVAL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS, BYHOUR and BYMINUTE. Without BYHOUR at midnight.
   */
  rrule: string;
  /**
   * The time zone of rrule and duration: its name in the IANA database.
   */
  timeZone: string;
  /**
   * How long it lasts, on the wall clock: minutes (up to 9999m), hours (up to 999h) or days (up to 99d).
   */
  duration: string;
  /**
   * Before this, in UTC, it does not hold. The periods of INTERVAL are counted from here.
   */
  from?: string;
  /**
   * From this on, in UTC, it does not hold any more.
   */
  until?: string;
  /**
   * Why.
   */
  reason: string;
}
