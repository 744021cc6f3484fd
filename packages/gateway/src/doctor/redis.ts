/** Redis, where one is configured. */
import { isLoopback } from '../identity/authority.ts'
import { CredentialError } from '../instances/credentials.ts'
import { type RedisConfig, readAddress } from '../redis/address.ts'
import { examineRedis, type RedisFacts } from '../redis/examine.ts'
import { reasonOf } from '../redis/sign-in.ts'
import { type Check, type Finding, failure, note, ok, type Subject, warning } from './index.ts'
import { reach } from './network.ts'

export const redis: Check = {
  looksAt:
    'Redis, where one is configured: connection, TLS, sign-in, rights, version (7 or newer), eviction (`noeviction`), cluster mode, that it is no copy, persistence, and time of a round trip.',
  timeoutMs: 20_000,
  async run(subject) {
    const { redis: config } = subject.config
    if (config === undefined) return [ok('None is configured.')]
    const { host, port, tls } = readAddress(config)
    const plain = tls || isLoopback(host) || host === '::1' ? [] : [withoutTls]
    const { faults } = await reach({ host, port, tls }, 'redis.url', null, subject.clock())
    if (faults.some(({ level }) => level === 'failure')) return [...plain, ...faults]
    return [...plain, ...faults, ...(await examined(config, subject))]
  },
}

const noToken = 'Assign the managed identity to where the gateway runs, and correct redis.credential.'

const withoutTls = warning(
  'The connection has no TLS: names of callers and the password cross the network readable.',
  'Use rediss:// and the TLS port of the server.',
)

async function examined(config: RedisConfig, subject: Subject): Promise<readonly Finding[]> {
  try {
    const { clock, appService } = subject
    const facts = await examineRedis(config, { clock, ...(appService === undefined ? {} : { appService }) })
    return redisFindings(facts, subject)
  } catch (error) {
    if (error instanceof CredentialError) return [failure(`It was not asked: ${reasonOf(error)}.`, noToken)]
    return [refused(error instanceof Error ? error.message : '')]
  }
}

/** @param message of the server, of which only the first word is shown. */
function refused(message: string): Finding {
  const [code = ''] = /^[A-Z]{2,32}/.exec(message) ?? []
  switch (code) {
    case 'NOAUTH':
    case 'WRONGPASS':
      return failure(
        `It refuses the sign-in (${code}).`,
        'Correct redis.username and redis.password; with redis.credential, give the identity an access policy there.',
      )
    case 'NOPERM': {
      const next = 'Give the user the rights that docs/limits.md lists: scripts, and the keys of redis.keyPrefix.'
      return failure(`The user may not run scripts on the keys of the gateway (${code}).`, next)
    }
    case 'CLUSTERDOWN':
      return failure('Its cluster has no node for some keys (CLUSTERDOWN).', 'Look at CLUSTER INFO and its nodes.')
    default:
      return failure(`It does not answer commands (${code || 'no answer'}).`, 'Look at the log of the server.')
  }
}

const clusterUnset = failure('It is a node of a cluster, and redis.cluster is false.', 'Set redis.cluster: true.')
const majorLeast = 7

/** Exported for a test: a machine has one version of Redis. */
export function redisFindings(
  facts: RedisFacts,
  { config, slow }: Pick<Subject, 'config' | 'slow'>,
): readonly Finding[] {
  const { version, policy, isCluster, isCopy, isKept, roundTripMs } = facts
  const found: Finding[] = []
  if (version === null) {
    const next = 'Give the user the right to call INFO to have version, eviction and persistence examined.'
    found.push(note('It answers, and does not say what it is (INFO is not allowed).', next))
  } else if (Number.parseInt(version, 10) < majorLeast) {
    found.push(failure(`Its version is ${version}.`, `Use Redis ${majorLeast} or newer, or Valkey.`))
  } else found.push(ok(`Its version is ${version}.`))
  if (policy !== null && policy !== 'noeviction') {
    const text = `It evicts keys when its memory is full (${policy}): limits then count too little.`
    found.push(warning(text, 'Set maxmemory-policy noeviction (Azure Managed Redis: NoEviction).'))
  } else if (policy !== null) found.push(ok('It evicts nothing.'))
  const wantsCluster = config.redis?.cluster === true
  if (isCluster === true && !wantsCluster) found.push(clusterUnset)
  if (isCluster === false && wantsCluster)
    found.push(failure('It is no node of a cluster, and redis.cluster is true.', 'Set redis.cluster: false.'))
  if (isCopy === true) found.push(failure('It is a copy, which takes no writes.', 'Let redis.url name the primary.'))
  if (isKept === false && config.ledger.store === 'none') {
    const text =
      'It keeps nothing on disk, and without a store of their own the replicas know only from it what is owned and owed.'
    found.push(warning(text, 'Switch its persistence on (appendonly yes).'))
  }
  found.push(roundTrip(roundTripMs, slow.redisMs))
  return found
}

function roundTrip(ms: number, slowMs: number): Finding {
  const found = `A round trip takes ${ms.toFixed(1)} ms`
  if (ms < slowMs) return ok(`${found}.`)
  return warning(`${found}, and each call waits for one.`, 'Put it into the region and the network of the gateway.')
}
