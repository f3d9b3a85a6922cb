/** Generated from schemas/claim.v1.schema.json by `npm run generate`. */

/**
 * An environment claim: what a team asks for. One file, environments/<type>/<name>.yaml.
 */
export interface Claim {
  /**
   * The version of the claim format.
   */
  apiVersion: "claimbot/v1";
  /**
   * Always Environment.
   */
  kind: "Environment";
  /**
   * Who the environment is and whose it is.
   */
  metadata: {
    /**
     * The name of the environment: the file name without .yaml, a DNS label of 3 to 40 characters, unique over all types. It never changes.
     */
    name: string;
    /**
     * The path of the GitLab group whose members own the environment; one of platform.yaml's owners.
     */
    owner: string;
    /**
     * What the environment is for, in one sentence.
     */
    description?: string;
  };
  /**
   * What the environment consists of.
   */
  spec: {
    /**
     * The type of the environment, the name of its folder. It never changes while the environment lives.
     */
    type: "dev" | "sue" | "stage" | "prod";
    /**
     * The Kubernetes cluster that carries the environment.
     */
    cluster: {
      /**
       * The region, one of platform.yaml's. It never changes while the environment lives.
       */
      region: string;
      /**
       * The minor version of Kubernetes as text, one of platform.yaml's. Quote it: 1.30 without quotes is the number 1.3.
       */
      version: string;
      /**
       * The node pools, one per class.
       *
       * @minItems 1
       * @maxItems 6
       *
       * Items: A pool of equal nodes.
       */
      nodePools: {
        /**
         * The class of the pool; platform.yaml says what it means.
         */
        class: "general-restricted" | "general-public" | "memory" | "storage" | "spot" | "ai";
        /**
         * Nodes at the least.
         */
        min: number;
        /**
         * Nodes at the most; not below min.
         */
        max: number;
      }[];
    };
    /**
     * The services that run in the environment.
     *
     * @minItems 1
     * @maxItems 50
     *
     * Items: A service from the registry.
     */
    services: {
      /**
       * The name of the service, which is its name in the registry.
       */
      name: string;
      /**
       * The semver constraint. The plan resolves it to the newest allowed tag and its digest; the release locks both.
       */
      version: string;
      /**
       * Services that must be up before this one: of the same claim, else of exactly one claim of the same type (environment/service where that is ambiguous).
       *
       * @maxItems 20
       *
       * Items: A dependency: a name, or a name with optional.
       */
      dependsOn?: (
        | string
        | {
            /**
             * The name of a service, or environment/service.
             */
            name: string;
            /**
             * True: the service also starts without it, and a circle through it is allowed.
             */
            optional?: boolean;
          }
      )[];
      /**
       * Settings of the service, handed to it as they are. No secrets here.
       */
      values?: {
        [k: string]: unknown;
      };
    }[];
    /**
     * The names under which the environment is reached.
     */
    dns?: {
      /**
       * Full names inside a suffix that platform.yaml allows for the type; each unique over all claims.
       *
       * @maxItems 500
       *
       * Items: A host name.
       */
      hostnames: string[];
    };
    /**
     * The web application firewall in front of the names. Stage and prod only, where it is always on; refused elsewhere.
     */
    waf?: {
      /**
       * What the baseline rules of platform.yaml do with a match.
       */
      mode?: "block" | "challenge" | "log";
      /**
       * Extra custom rules. Each is bound to the names of this environment.
       *
       * @maxItems 50
       *
       * Items: An extra rule.
       */
      rules?: {
        /**
         * The stable name of the rule within the claim.
         */
        key: string;
        /**
         * What the rule is for.
         */
        description: string;
        /**
         * An expression of Cloudflare's rules language, at most 3,000 characters.
         */
        expression: string;
        /**
         * What happens on a match.
         */
        action: "block" | "challenge" | "managed_challenge" | "log";
      }[];
      /**
       * Rate limits per path and client address.
       *
       * @maxItems 20
       *
       * Items: A rate limit.
       */
      rateLimits?: {
        /**
         * The stable name of the limit within the claim.
         */
        key: string;
        /**
         * The beginning of the path.
         */
        path: string;
        /**
         * Requests allowed in one period.
         */
        requests: number;
        /**
         * The period in seconds. Which ones are allowed depends on the zone's plan.
         */
        periodSeconds:
          | 10
          | 15
          | 20
          | 30
          | 40
          | 45
          | 60
          | 90
          | 120
          | 180
          | 240
          | 300
          | 480
          | 600
          | 900
          | 1200
          | 1800
          | 2400
          | 3600
          | 65535
          | 86400;
      }[];
      /**
       * Only these countries may reach the environment (ISO 3166-1 alpha-2). Not together with blockCountries.
       *
       * @minItems 1
       * @maxItems 250
       *
       * Items: A country.
       */
      allowCountries?: string[];
      /**
       * These countries may not reach the environment (ISO 3166-1 alpha-2).
       *
       * @minItems 1
       * @maxItems 250
       *
       * Items: A country.
       */
      blockCountries?: string[];
      /**
       * Only these addresses or networks may reach the environment. Not together with blockIps.
       *
       * @minItems 0
       * @maxItems 200
       *
       * Items: An address or a network in CIDR notation.
       */
      allowIps?: string[];
      /**
       * These addresses or networks may not reach the environment.
       *
       * @minItems 0
       * @maxItems 200
       *
       * Items: An address or a network in CIDR notation.
       */
      blockIps?: string[];
    };
    /**
     * When the environment goes by itself. Sue only; defaults come from platform.yaml.
     */
    expiry?: {
      /**
       * How long it lives after its first publication: hours or days.
       */
      ttl: string;
    };
  };
}
