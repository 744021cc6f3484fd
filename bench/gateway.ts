/**
 * The gateway in its seat, with everything on: a verified Entra token, one workload bound to its caller, full bodies
 * journalled and stored. Arguments: origin of the backend, directory of the ledger, a `GatewayVariant` as JSON.
 */
import { type ConfigInput, configSchema } from '../packages/gateway/src/config/schema/index.ts'
import { buildHouse } from '../packages/gateway/src/house/open.ts'
import { answerParent, isChild } from './child.ts'
import { chatPath, type GatewayReady, type GatewayVariant, type LedgerTally } from './seats.ts'
import { applicationId, audience, readersGroup, startSignInService, tenantId } from './signin.ts'

/** A realistic set of rules, wide enough that no call is refused. */
const workloadLimits = {
  tokensPerMinute: 1_000_000_000,
  requestsPerMinute: 10_000_000,
  tokensPerDay: 1_000_000_000_000,
  costPerMonth: '1000000 USD',
  perCaller: { tokensPerMinute: 1_000_000_000 },
}

const workload: ConfigInput['workloads'][string] = {
  callers: [{ app: applicationId }],
  targets: ['main'],
  deployments: ['gpt-4o'],
  capture: 'full',
}

interface Surroundings {
  readonly authority: string
  readonly upstreamUrl: string
  readonly directory: string
}

/**
 * Nothing is switched off or tuned: settings that are absent here have their defaults. Only Redis has more time: on a
 * shared machine it may be late, and a call refused for that reason says nothing.
 */
function configuration({ authority, upstreamUrl, directory }: Surroundings, variant: GatewayVariant): ConfigInput {
  const { limits, redisUrl, feed = null, people = 0 } = variant
  return {
    gateway: { listen: '127.0.0.1:0' },
    admin: { listen: '127.0.0.1:0', ...(people === 0 ? {} : { roles: { viewer: [{ group: readersGroup }] } }) },
    identity: { entra: { authority, tenants: [tenantId], audiences: [audience] } },
    instances: {
      sweden: {
        endpoint: upstreamUrl,
        region: 'swedencentral',
        credential: { key: 'bench-key-of-no-value-0001' },
        deployments: { 'gpt-4o': { model: 'gpt-4o' } },
      },
    },
    pools: { main: { members: [{ instance: 'sweden' }] } },
    workloads: {
      'hr-bot': { ...workload, ...(limits === null ? {} : { limits: workloadLimits }) },
      ...(limits === null ? {} : { unlimited: workload }),
    },
    ledger: { directory },
    // Checked by the schema below.
    ...(feed === null ? {} : { feeds: { bench: feed as NonNullable<ConfigInput['feeds']>[string] } }),
    ...(redisUrl === null
      ? {}
      : { redis: { url: redisUrl, timeout: '10s' }, limits: { store: 'redis', whenStoreIsDown: 'refuse' } }),
  }
}

if (import.meta.main && isChild) {
  const [, , upstreamUrl, directory, variant = '{"limits":null,"redisUrl":null}'] = process.argv
  if (upstreamUrl === undefined || directory === undefined) {
    throw new TypeError('the gateway needs the origin of the backend and a directory for its ledger')
  }
  const signIn = await startSignInService()
  const place = { authority: signIn.url, upstreamUrl, directory }
  // Both ends are files of this directory, of the same version.
  const chosen = JSON.parse(variant) as GatewayVariant
  const house = await buildHouse(configSchema.parse(configuration(place, chosen)))
  const people = Array.from({ length: chosen.people ?? 0 }, (_, place) => signIn.issueReader(place))
  const ready: GatewayReady = {
    url: `${house.gateway.url}/main/hr-bot${chatPath}`,
    unlimitedUrl: `${house.gateway.url}/main/unlimited${chatPath}`,
    headers: { authorization: `Bearer ${await signIn.issue()}` },
    readers: (await Promise.all(people)).map(token => ({
      admin: house.admin?.url ?? '',
      authorization: `Bearer ${token}`,
    })),
  }
  const tally = async (): Promise<LedgerTally> => {
    await house.ledger.caughtUp()
    const { total } = await house.ledger.usage({ by: ['outcome'] })
    return {
      records: total.calls,
      completed: total.completed,
      promptTokens: total.promptTokens,
      completionTokens: total.completionTokens,
    }
  }
  answerParent(ready, { settle: () => house.ledger.caughtUp(), tally }, async () => {
    await house.close()
    await signIn.close()
  })
}
