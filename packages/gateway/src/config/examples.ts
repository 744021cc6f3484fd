/** Examples of values, by key, for messages, editors and `gatehouse config schema PATH`. */
import type { SchemaView } from './schema-view.ts'

/** Of a list, an example is one of its entries. Keys with a default, a bound or a usual form need none. */
const examples: Readonly<Record<string, string | number>> = {
  tokensPerMinute: 60_000,
  tokensPerHour: 1_000_000,
  tokensPerDay: 5_000_000,
  tokensPerWeek: 20_000_000,
  tokensPerMonth: 80_000_000,
  tokensPerQuarter: 240_000_000,
  tokensPerYear: 1_000_000_000,
  fiscalYearStart: '04-01',
  requestsPerSecond: 10,
  requestsPerMinute: 300,
  callsInFlight: 5,
  standard: 1_000,
  most: 4_000,
  tokens: 100_000,
  length: 200,
  above: 200_000,
  times: 1.7,
  spillAtUtilization: 0.9,
  returnAtUtilization: 0.8,
  input: 2.5,
  cachedInput: 1.25,
  output: 10,
  reasoning: 10,
  instance: 'east-ptu',
  instances: 'east-ptu',
  targets: 'main',
  target: 'main',
  model: 'gpt-4o',
  deployment: 'gpt-4o',
  deployments: 'gpt-4o',
  aliases: 'gpt-4o-ptu',
  region: 'eastus',
  role: 'HrBot.Use',
  scope: 'user_impersonation',
  managedIdentity:
    '/subscriptions/11111111-2222-3333-4444-555555555555/resourcegroups/hr/providers/Microsoft.ManagedIdentity/userAssignedIdentities/hr-bot',
  audiences: 'api://gatehouse',
  origins: 'https://chat.contoso.com',
  forwardHeaders: 'x-company-team',
  tools: 'function',
  operations: 'standard',
  workloads: 'hr-bot',
  counter: 'shared-budget',
  catalogue: './prices.yaml',
  currency: 'USD',
  username: 'gatehouse',
  directory: './archive',
  columns: 'id',
  container: 'records',
  prefix: 'gatehouse/',
  namespace: 'contoso.servicebus.windows.net',
  hub: 'records',
  table: 'GatehouseRaw',
  mapping: 'GatehouseRawMapping',
  database: 'gatehouse',
  brokers: 'kafka.example.net:9093',
  topic: 'records',
  ca: `\${file:ca.pem}`,
  privateHost: 'hooks.internal.example.net',
  codes: 'budget_exhausted',
  header: 'authorization',
  providers: 'openai',
}

/** Names of entries, by the key of their mapping. */
const names: Readonly<Record<string, string>> = {
  instances: 'east-ptu',
  pools: 'main',
  workloads: 'hr-bot',
  deployments: 'gpt-4o',
  aliases: 'gpt-4o',
  canary: 'gpt-4o',
  shadow: 'gpt-4o',
  models: 'gpt-4o',
  rules: 'each-person',
  tiers: 'priority',
  feeds: 'archive',
  sources: 'replicas',
  providers: 'vllm-eu',
}

/** @param key of the mapping that has the value; null for the whole. */
export function withExamples(view: SchemaView, key: string | null = null): SchemaView {
  const { properties, additionalProperties, items, anyOf } = view
  return {
    ...view,
    ...ownExample(view, key),
    ...(properties === undefined ? {} : { properties: membersWithExamples(properties) }),
    ...(typeof additionalProperties === 'object'
      ? { additionalProperties: withExamples(additionalProperties, key), ...nameExample(view, key) }
      : {}),
    ...(items === undefined ? {} : { items: withExamples(items, key) }),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map(form => withExamples(form, key)) }),
  }
}

function nameExample({ propertyNames = {} }: SchemaView, key: string | null): Partial<SchemaView> {
  const name = names[key ?? '']
  return name === undefined ? {} : { propertyNames: { ...propertyNames, examples: [name] } }
}

function membersWithExamples(members: Readonly<Record<string, SchemaView>>): Record<string, SchemaView> {
  return Object.fromEntries(Object.entries(members).map(([key, member]) => [key, withExamples(member, key)]))
}

function ownExample(view: SchemaView, key: string | null): Partial<SchemaView> {
  const example = key === null || !Object.hasOwn(examples, key) ? undefined : examples[key]
  return example !== undefined && fits(example, view) ? { examples: [example] } : {}
}

/** The same key has other values elsewhere, as `standard`. */
function fits(example: string | number, view: SchemaView): boolean {
  if (view.enum !== undefined || view.const !== undefined || view.writeOnly === true) return false
  if (typeof example === 'number') {
    const isNumber = view.type === 'integer' ? Number.isInteger(example) : view.type === 'number'
    return isNumber && example >= (view.minimum ?? example) && example <= (view.maximum ?? example)
  }
  if (view.type !== 'string') return false
  if (view.pattern === undefined) return view.title === undefined
  return example.includes('${') || new RegExp(view.pattern).test(example)
}
