/** Every rule of the claim language, in the order of the manual. */
import { countryUnknown } from "./country-unknown.ts";
import { dependencyAmbiguous } from "./dependency-ambiguous.ts";
import { dependencyCycle } from "./dependency-cycle.ts";
import { dependencyMissing } from "./dependency-missing.ts";
import { dependencyRemoved } from "./dependency-removed.ts";
import { duplicateEntry } from "./duplicate-entry.ts";
import { duplicateHostname } from "./duplicate-hostname.ts";
import { duplicatePool } from "./duplicate-pool.ts";
import { duplicateService } from "./duplicate-service.ts";
import { duplicateWafKey } from "./duplicate-waf-key.ts";
import { expiryMaximum } from "./expiry-maximum.ts";
import { expiryType } from "./expiry-type.ts";
import { hostnameCertificate } from "./hostname-certificate.ts";
import { hostnameGateway } from "./hostname-gateway.ts";
import { hostnameLookAlike } from "./hostname-look-alike.ts";
import { hostnameMixedScript } from "./hostname-mixed-script.ts";
import { hostnameOtherType } from "./hostname-other-type.ts";
import { hostnameOutsideZone } from "./hostname-outside-zone.ts";
import { hostnameReserved } from "./hostname-reserved.ts";
import { hostnameSyntax } from "./hostname-syntax.ts";
import { hostnameTaken } from "./hostname-taken.ts";
import { ipSpecial } from "./ip-special.ts";
import { ipSyntax } from "./ip-syntax.ts";
import { kubernetesVersionUnknown } from "./kubernetes-version-unknown.ts";
import { liveRegion } from "./live-region.ts";
import { liveType } from "./live-type.ts";
import { namePath } from "./name-path.ts";
import { nameReserved } from "./name-reserved.ts";
import { nameTaken } from "./name-taken.ts";
import { ownerUnknown } from "./owner-unknown.ts";
import { platformAliasCommand } from "./platform-alias-command.ts";
import { platformAliasShadow } from "./platform-alias-shadow.ts";
import { platformCertificateOutsideZone } from "./platform-certificate-outside-zone.ts";
import { platformDuplicate } from "./platform-duplicate.ts";
import { platformExpiryMaximum } from "./platform-expiry-maximum.ts";
import { platformExpiryType } from "./platform-expiry-type.ts";
import { platformFreezeAlways } from "./platform-freeze-always.ts";
import { platformFreezeOrder } from "./platform-freeze-order.ts";
import { platformFreezeRule } from "./platform-freeze-rule.ts";
import { platformFreezeTimeZone } from "./platform-freeze-time-zone.ts";
import { platformGatewayAddress } from "./platform-gateway-address.ts";
import { platformGatewayLoop } from "./platform-gateway-loop.ts";
import { platformKubernetesVersion } from "./platform-kubernetes-version.ts";
import { platformSuffixOutsideZone } from "./platform-suffix-outside-zone.ts";
import { platformWafExpression } from "./platform-waf-expression.ts";
import { poolBounds } from "./pool-bounds.ts";
import { poolClassType } from "./pool-class-type.ts";
import { poolClassUnknown } from "./pool-class-unknown.ts";
import { poolMax } from "./pool-max.ts";
import { quotaEnvironments } from "./quota-environments.ts";
import { quotaHostnames } from "./quota-hostnames.ts";
import { quotaNodes } from "./quota-nodes.ts";
import { quotaServices } from "./quota-services.ts";
import { rateLimitPeriod } from "./rate-limit-period.ts";
import { rateLimitQuota } from "./rate-limit-quota.ts";
import { regionUnknown } from "./region-unknown.ts";
import { renamed } from "./renamed.ts";
import { secretInValues } from "./secret-in-values.ts";
import { typeFolder } from "./type-folder.ts";
import { versionConstraint } from "./version-constraint.ts";
import { wafExclusive } from "./waf-exclusive.ts";
import { wafExpression } from "./waf-expression.ts";
import { wafRuleQuota } from "./waf-rule-quota.ts";
import { wafType } from "./waf-type.ts";
import type { ClaimRule, OfferRule, PlatformRule, TreeRule } from "./rule.ts";

/** Judge one claim by itself. */
export const CLAIM_RULES: readonly ClaimRule[] = [
  namePath,
  nameReserved,
  typeFolder,
  poolBounds,
  duplicatePool,
  duplicateService,
  versionConstraint,
  hostnameSyntax,
  hostnameMixedScript,
  duplicateHostname,
  wafType,
  wafExclusive,
  countryUnknown,
  ipSyntax,
  ipSpecial,
  wafExpression,
  duplicateWafKey,
  duplicateEntry,
  expiryType,
  secretInValues,
];

/** Judge one claim by the platform. */
export const OFFER_RULES: readonly OfferRule[] = [
  ownerUnknown,
  regionUnknown,
  kubernetesVersionUnknown,
  poolClassUnknown,
  poolClassType,
  poolMax,
  quotaNodes,
  quotaServices,
  quotaHostnames,
  hostnameOutsideZone,
  hostnameOtherType,
  hostnameReserved,
  hostnameGateway,
  hostnameCertificate,
  rateLimitPeriod,
  expiryMaximum,
];

/** Judge all claims by one another and by what lives. */
export const TREE_RULES: readonly TreeRule[] = [
  nameTaken,
  liveType,
  liveRegion,
  renamed,
  quotaEnvironments,
  hostnameTaken,
  hostnameLookAlike,
  dependencyMissing,
  dependencyAmbiguous,
  dependencyRemoved,
  dependencyCycle,
  wafRuleQuota,
  rateLimitQuota,
];

/** Judge platform.yaml. */
export const PLATFORM_RULES: readonly PlatformRule[] = [
  platformDuplicate,
  platformSuffixOutsideZone,
  platformCertificateOutsideZone,
  platformGatewayLoop,
  platformGatewayAddress,
  platformKubernetesVersion,
  platformExpiryType,
  platformExpiryMaximum,
  platformFreezeOrder,
  platformFreezeRule,
  platformFreezeTimeZone,
  platformFreezeAlways,
  platformWafExpression,
  platformAliasShadow,
  platformAliasCommand,
];
