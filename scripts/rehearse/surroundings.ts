/** Starts what a configuration names, on loopback: sign-in service, instances, Event Hubs, Redis, collectors. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import {
  type AzureSimulator,
  type Certificate,
  type EntraSimulator,
  type EventHubsSimulator,
  type OtlpSimulator,
  selfMadeCertificate,
  startAzure,
  startEntra,
  startEventHubs,
  startOtlp,
} from '@gatehouse/simulator'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import {
  startEndpoint,
  type TestEndpoint,
} from '../../packages/gateway/src/ledger/feeds/application-insights/receiver.fixture.ts'
import { startRedis, type TestRedis, tell } from '../../test/support/redis.ts'
import type { Scope } from '../../test/support/world.ts'
import type { Cluster } from './cluster.ts'
import type { Surroundings } from './replace.ts'
import type { Tenant } from './tenant.ts'

export interface Started {
  readonly at: Surroundings
  /** Environment of the gateway: how its identity signs in, and the certificate that it must trust. */
  readonly env: Readonly<Record<string, string>>
  readonly entra: EntraSimulator
  /** Of the sign-in service, in PEM; null without TLS. */
  readonly certificate: string | null
  readonly instances: readonly AzureSimulator[]
  /** By feed, with the hub that it sends to. */
  readonly hubs: ReadonlyMap<string, { readonly namespace: EventHubsSimulator; readonly hub: string }>
  /** By feed. */
  readonly collectors: ReadonlyMap<string, OtlpSimulator>
  /** By feed. */
  readonly insights: ReadonlyMap<string, TestEndpoint>
  readonly redis: TestRedis | null
  /** Of the identity that the gateway has. */
  readonly gatewayObjectId: string
}

/** Started parts are closed by `scope`. @param directory for the certificate and the ledger. */
export async function startSurroundings(
  scope: Scope,
  config: ConfigInput,
  tenant: Tenant,
  cluster: Cluster | null,
  directory: string,
): Promise<Started> {
  const certificate = selfMadeCertificate(Date.now())
  const certificateFile = join(directory, 'certificate.pem')
  await writeFile(certificateFile, certificate.certificate)
  setDefaultCACertificates([...getCACertificates('default'), certificate.certificate])
  // The library that exchanges the token of a cluster speaks TLS alone.
  const entra = await startEntra({ directory: tenant.directory, ...(cluster === null ? {} : { tls: certificate }) })
  scope.after(() => entra.close())
  const instances = await startInstances(scope, config, tenant, entra)
  const feeds = Object.entries(config.feeds ?? {})
  const hubs = new Map<string, { namespace: EventHubsSimulator; hub: string }>()
  const collectors = new Map<string, OtlpSimulator>()
  const insights = new Map<string, TestEndpoint>()
  for (const [name, feed] of feeds) {
    if (feed.kind === 'event-hubs') {
      hubs.set(name, { namespace: await startHub(scope, feed.hub, tenant, entra, certificate), hub: feed.hub })
    }
    if (feed.kind === 'application-insights') insights.set(name, await startEndpoint(scope))
    if (feed.kind === 'otlp') {
      const collector = await startOtlp()
      scope.after(() => collector.close())
      collectors.set(name, collector)
    }
  }
  const redis = config.redis === undefined ? null : await startSharedRedis(scope, tenant)
  return {
    at: {
      authority: entra.url,
      instances: Object.fromEntries(instances.map(({ name, url }) => [name, url])),
      namespaces: Object.fromEntries([...hubs].map(([name, { namespace }]) => [name, namespace.namespace])),
      collectors: Object.fromEntries([...collectors].map(([name, { url }]) => [name, url])),
      insights: Object.fromEntries([...insights].map(([name, { connectionString }]) => [name, connectionString])),
      redis: redis?.url ?? null,
      ledger: join(directory, 'ledger'),
    },
    env: { ...signIn(entra, tenant, cluster), ...environment, NODE_EXTRA_CA_CERTS: certificateFile },
    certificate: cluster === null ? null : certificate.certificate,
    ...{ entra, instances, hubs, collectors, insights, redis, gatewayObjectId: tenant.gatewayObjectId },
  }
}

/** What the platform sets for a replica that signs in: an endpoint for tokens, or on AKS a token of the cluster. */
function signIn(
  entra: EntraSimulator,
  { directory }: Tenant,
  cluster: Cluster | null,
): Readonly<Record<string, string>> {
  if (cluster === null) return entra.managedIdentity
  return {
    AZURE_AUTHORITY_HOST: entra.url,
    AZURE_TENANT_ID: directory.tenantId,
    AZURE_FEDERATED_TOKEN_FILE: cluster.tokenFile,
  }
}

/** What Container Apps and the chart set for each replica. */
const environment = { CONTAINER_APP_REPLICA_NAME: 'rehearsal-1', POD_NAME: 'rehearsal-1' }

/** A real Redis with a user for the gateway's identity. It takes any token of that user: only Azure reads tokens. */
async function startSharedRedis(scope: Scope, { gatewayObjectId }: Tenant): Promise<TestRedis> {
  const redis = await startRedis(scope)
  tell(redis.port, 'ACL', 'SETUSER', gatewayObjectId, 'on', 'nopass', '~*', '&*', '+@all')
  return redis
}

/** The gateway's identity alone is let in: no key, and nobody else's token. */
async function startInstances(
  scope: Scope,
  config: ConfigInput,
  { directory, gatewayObjectId }: Tenant,
  entra: EntraSimulator,
): Promise<readonly AzureSimulator[]> {
  return Promise.all(
    Object.entries(config.instances).map(async ([name, { region, deployments }]) => {
      const instance = await startAzure({
        ...{ name, ...(region === undefined ? {} : { region }) },
        deployments: Object.fromEntries(
          Object.entries(deployments).map(([deployment, { model, kind }]) => [
            deployment,
            // A stream comes in pieces, so that it shows whether something holds it back.
            { model, ...(kind === undefined ? {} : { kind }), timeToFirstTokenMs: 20, tokensPerSecond: 400 },
          ]),
        ),
        entra: { authority: entra.url, tenantId: directory.tenantId, allowedObjectIds: [gatewayObjectId] },
      })
      scope.after(() => instance.close())
      return instance
    }),
  )
}

async function startHub(
  scope: Scope,
  hub: string,
  { directory, gatewayObjectId }: Tenant,
  entra: EntraSimulator,
  tls: Certificate,
): Promise<EventHubsSimulator> {
  const allowed = { authority: entra.url, tenantId: directory.tenantId, allowedObjectIds: [gatewayObjectId] }
  const namespace = await startEventHubs({ hubs: { [hub]: {} }, tls, entra: allowed })
  scope.after(() => namespace.close())
  return namespace
}
