/** The services of an environment: what each is built from, in which order, with which settings and secrets. */
import type { Claim } from "../../claim/claim.generated.ts";
import type { Environment, Wish } from "../../environment.ts";
import { canonicalJson, type JsonObject } from "../../json.ts";
import type { LockedVersion } from "../../record.ts";
import { ARTIFACT, namespaceOf, type KubernetesObject, type MakeObject } from "./kubernetes-object.ts";

type Service = Claim["spec"]["services"][number];

/** Who Flux is while it applies a service's own manifests: somebody who may do everything in this namespace, and nothing elsewhere. */
const APPLIER = "services";

export function serviceObjects(environment: Environment, wish: Wish, make: MakeObject): readonly KubernetesObject[] {
  const ordered = inDependencyOrder(wish.claim.spec.services);
  return [...applier(environment, make), ...ordered.flatMap((service) => oneService(environment, wish, service, make))];
}

function oneService(environment: Environment, wish: Wish, service: Service, make: MakeObject): readonly KubernetesObject[] {
  const { registry, secrets } = wish.platform.spec;
  const { name } = service;
  const dependsOn = hardDependencies(environment, service, wish.claim.spec.services);
  const version = wish.versions[name] ?? { constraint: service.version };
  const source = make("source.toolkit.fluxcd.io/v1", "OCIRepository", name, {
    spec: {
      url: `oci://${registry.host}/${registry.repository}/${name}`,
      ref: reference(version),
      interval: "10m",
      timeout: "60s",
    },
  });
  const build = make(
    "kustomize.toolkit.fluxcd.io/v1",
    "Kustomization",
    name,
    {
      spec: {
        sourceRef: { kind: "OCIRepository", name },
        // A directory, never `./`: an empty artifact is then an error, and not the order to prune everything.
        path: "./deploy",
        prune: true,
        wait: true,
        interval: "10m",
        retryInterval: "1m",
        timeout: "5m",
        targetNamespace: namespaceOf(environment.name),
        serviceAccountName: APPLIER,
        ...(dependsOn.length > 0 && { dependsOn }),
      },
    },
    version.digest === undefined ? {} : { annotations: { [ARTIFACT]: version.digest } },
  );
  return [
    ...(service.values ? [settings(service, make)] : []),
    ...(secrets ? [secretBinding(environment, secrets, name, make)] : []),
    source,
    build,
  ];
}

/** The digest where the registry was asked; the constraint where there is none to ask. */
function reference({ constraint, digest, tag }: LockedVersion): JsonObject {
  if (digest !== undefined) return { digest };
  return tag === undefined ? { semver: constraint } : { tag };
}

/** Handed over as data, never as a template. */
function settings({ name, values }: Service, make: MakeObject): KubernetesObject {
  return make("v1", "ConfigMap", `${name}-values`, { data: { "values.json": canonicalJson(values) } });
}

function secretBinding(
  environment: Environment,
  secrets: NonNullable<Wish["platform"]["spec"]["secrets"]>,
  service: string,
  make: MakeObject,
): KubernetesObject {
  return make("secrets.infisical.com/v1alpha1", "InfisicalSecret", `${service}-secrets`, {
    spec: {
      hostAPI: `${secrets.url}/api`,
      resyncInterval: 60,
      authentication: {
        universalAuth: {
          credentialsRef: { secretName: "infisical-credentials", secretNamespace: "environments" },
          secretsScope: {
            projectSlug: secrets.project,
            envSlug: environment.type,
            secretsPath: `/${environment.name}/${service}`,
            recursive: false,
          },
        },
      },
      managedKubeSecretReferences: [
        { secretName: `${service}-secrets`, secretNamespace: namespaceOf(environment.name), creationPolicy: "Owner" },
      ],
    },
  });
}

function applier(environment: Environment, make: MakeObject): readonly KubernetesObject[] {
  return [
    make("v1", "ServiceAccount", APPLIER, { automountServiceAccountToken: false }),
    make("rbac.authorization.k8s.io/v1", "RoleBinding", APPLIER, {
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "admin" },
      subjects: [{ kind: "ServiceAccount", name: APPLIER, namespace: namespaceOf(environment.name) }],
    }),
  ];
}

/**
 * What must be up before the service, as Flux's dependsOn. Optional ones are no order: a circle through them is allowed. A bare name
 * outside of the claim names no environment here, so it is left to the order in which environments are released.
 */
function hardDependencies(environment: Environment, service: Service, services: readonly Service[]): JsonObject[] {
  return hardNames(service).flatMap((text) => {
    const [other, name] = text.includes("/") ? text.split("/") : [environment.name, text];
    if (name === undefined || other === undefined) return [];
    if (other !== environment.name) return [{ name, namespace: namespaceOf(other) }];
    return services.some((each) => each.name === name) ? [{ name }] : [];
  });
}

function hardNames({ dependsOn = [] }: Service): readonly string[] {
  return dependsOn.flatMap((each) => (typeof each === "string" ? [each] : each.optional ? [] : [each.name]));
}

/** Each service after those it depends on, else by name. Validation has refused circles. */
function inDependencyOrder(services: readonly Service[]): readonly Service[] {
  const byName = new Map(services.map((service) => [service.name, service]));
  const ordered = new Set<Service>();
  const visiting = new Set<Service>();
  const visit = (service: Service): void => {
    if (ordered.has(service)) return;
    if (visiting.has(service)) throw new Error(`${service.name} depends on itself, but passed validation`);
    visiting.add(service);
    for (const name of hardNames(service).toSorted()) {
      const needed = byName.get(name);
      if (needed !== undefined) visit(needed);
    }
    ordered.add(service);
  };
  for (const name of [...byName.keys()].toSorted()) visit(byName.get(name) as Service);
  return [...ordered];
}
