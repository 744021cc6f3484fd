/** The generated configuration with the addresses of simulated surroundings, and what was replaced, exactly. */
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'

/** Addresses of what was started for the rehearsal. */
export interface Surroundings {
  readonly authority: string
  /** By instance. */
  readonly instances: Readonly<Record<string, string>>
  /** `HOST:PORT` of the Event Hubs namespace, by feed. */
  readonly namespaces: Readonly<Record<string, string>>
  /** Addresses for traces, by feed. */
  readonly collectors: Readonly<Record<string, string>>
  /** Connection strings of Application Insights, by feed. */
  readonly insights: Readonly<Record<string, string>>
  /** `redis://HOST:PORT`; null where the configuration has no Redis. */
  readonly redis: string | null
  /** Directory of the ledger. */
  readonly ledger: string
}

export interface Replacement {
  /** As `instances.sweden.endpoint`. */
  readonly path: string
  /** As JSON; null where there was nothing. */
  readonly from: string | null
  readonly to: string
}

const anyPort = '127.0.0.1:0'

/** Replaces addresses and nothing else: names, credentials, roles, limits and feeds stay as they were generated. */
export function withSurroundings(config: ConfigInput, at: Surroundings): ConfigInput {
  const { entra } = config.identity
  return {
    ...config,
    gateway: { ...config.gateway, listen: anyPort },
    admin: { ...config.admin, listen: anyPort },
    identity: {
      entra: {
        ...entra,
        authority: at.authority,
        ...(entra.graph === undefined ? {} : { graph: { ...entra.graph, endpoint: at.authority } }),
      },
    },
    instances: mapped(config.instances, (instance, name) => ({ ...instance, endpoint: addressOf(at.instances, name) })),
    ledger: { ...config.ledger, directory: at.ledger },
    ...(config.redis === undefined || at.redis === null ? {} : { redis: { ...config.redis, url: at.redis } }),
    ...(config.feeds === undefined ? {} : { feeds: mapped(config.feeds, (feed, name) => replaced(feed, name, at)) }),
  }
}

type Feed = NonNullable<ConfigInput['feeds']>[string]

/** @throws Error for kinds that no example has: their receivers are not simulated. */
function replaced(feed: Feed, name: string, at: Surroundings): Feed {
  switch (feed.kind) {
    case 'event-hubs':
      return { ...feed, namespace: addressOf(at.namespaces, name) }
    case 'otlp':
      return { ...feed, url: addressOf(at.collectors, name) }
    case 'application-insights':
      return { ...feed, connectionString: addressOf(at.insights, name) }
    default:
      throw new Error(`the rehearsal has no receiver for feeds.${name} of kind ${feed.kind}`)
  }
}

/** What differs, in the order of the second. */
export function replacements(before: unknown, after: unknown, path = ''): readonly Replacement[] {
  if (isObject(after) && (isObject(before) || before === undefined)) {
    return Object.entries(after).flatMap(([name, value]) =>
      replacements(before?.[name], value, path === '' ? name : `${path}.${name}`),
    )
  }
  const [from, to] = [JSON.stringify(before), JSON.stringify(after)]
  return from === to ? [] : [{ path, from: from ?? null, to }]
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function addressOf(addresses: Readonly<Record<string, string>>, name: string): string {
  const address = addresses[name]
  if (address === undefined) throw new Error(`nothing was started for ${name}`)
  return address
}

function mapped<Value>(
  values: Readonly<Record<string, Value>>,
  change: (value: Value, name: string) => Value,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value, name)]))
}
