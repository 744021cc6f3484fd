/** Configurations with a random secret in each place that takes one, for tests of what must not give them out. */
import fc from 'fast-check'
import { stringify } from 'yaml'

const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789']

/** Text that is in nothing else. */
export const secretText = fc
  .array(fc.constantFrom(...letters), { minLength: 20, maxLength: 40 })
  .map(picked => `s${picked.join('')}`)

/** By place: how a secret is written there. */
const places: Readonly<Record<string, (secret: string) => unknown>> = {
  'admin.signIn': secret => ({ clientId: '22222222-2222-3333-4444-555555555555', clientSecret: secret }),
  'instances.one.credential': secret => ({ key: secret }),
  redis: secret => ({ url: 'redis://127.0.0.1:6379', password: secret }),
  'feeds.blob': secret => ({ kind: 'blob', container: 'records', credential: { connectionString: secret } }),
  'feeds.sas': secret => ({ kind: 'blob', container: 'records', credential: { sas: `sv=1&sig=${secret}` } }),
  'feeds.key': secret => ({ kind: 'blob', container: 'records', credential: { key: secret } }),
  'feeds.hub': secret => ({
    ...{ kind: 'event-hubs', hub: 'records' },
    credential: { connectionString: `Endpoint=sb://a/;SharedAccessKeyName=b;SharedAccessKey=${secret}` },
  }),
  'feeds.kafka': secret => ({
    ...{ kind: 'kafka', brokers: ['127.0.0.1:9092'], topic: 'records' },
    credential: { mechanism: 'plain', username: 'gatehouse', password: secret },
  }),
  'feeds.hook': secret => ({
    ...{ kind: 'webhook', url: 'https://hook.example.net/' },
    credential: { secret: `whsec_${secret}`, previous: `whsec_${secret}` },
  }),
  'feeds.otlp': secret => ({
    ...{ kind: 'otlp', url: 'https://otlp.example.net/' },
    credential: { header: 'authorization', secret: `Bearer ${secret}` },
  }),
  'feeds.insights': secret => ({ kind: 'application-insights', connectionString: `InstrumentationKey=${secret}` }),
  'collect.sources.topic': secret => ({
    ...{ kind: 'kafka', brokers: ['127.0.0.1:9092'], topic: 'records' },
    credential: { mechanism: 'plain', username: 'gatehouse', password: secret },
  }),
  'telemetry.metrics': secret => ({
    url: 'https://otlp.example.net/',
    credential: { header: 'api-key', secret },
  }),
}

export interface Planted {
  readonly text: string
  readonly secrets: readonly string[]
}

/** As text in one of the spellings of YAML, some secrets also in a comment. */
export function everySecretPlanted(): fc.Arbitrary<Planted> {
  const names = Object.keys(places)
  const planted = fc.array(secretText, { minLength: names.length, maxLength: names.length })
  const style = fc.record({
    flow: fc.boolean(),
    quotes: fc.constantFrom('QUOTE_DOUBLE' as const, 'QUOTE_SINGLE' as const, 'PLAIN' as const),
    comment: fc.boolean(),
  })
  return fc.record({ secrets: planted, style }).map(({ secrets, style: { flow, quotes, comment } }) => {
    const root = {}
    for (const [at, name] of names.entries()) plant(root, name.split('.'), places[name]?.(secrets[at] ?? ''))
    const text = stringify(root, {
      collectionStyle: flow ? 'flow' : 'block',
      defaultStringType: quotes,
      defaultKeyType: 'PLAIN',
      lineWidth: 0,
    })
    return { text: comment ? `# formerly ${secrets[0]}\n${text}` : text, secrets }
  })
}

function plant(root: object, steps: readonly string[], value: unknown): void {
  const [first = '', ...rest] = steps
  const members = root as Record<string, object>
  if (rest.length === 0) Object.assign(root, { [first]: value })
  else {
    members[first] ??= {}
    plant(members[first], rest, value)
  }
}
