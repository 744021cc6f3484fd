/** The known key that an unknown one most likely means: by spelling, or by the word of another gateway. */
import { nearestOf, printable } from './messages.ts'

/** Words of other gateways and everyday words, in lower case without separators -> keys, the likeliest first. */
const synonyms: Readonly<Record<string, readonly string[]>> = {
  // Limits.
  budget: ['costPerMonth'],
  budgets: ['limits'],
  monthlybudget: ['costPerMonth'],
  maxbudget: ['costPerMonth'],
  budgetpermonth: ['costPerMonth'],
  quarterlybudget: ['costPerQuarter'],
  budgetperquarter: ['costPerQuarter'],
  yearlybudget: ['costPerYear'],
  annualbudget: ['costPerYear'],
  budgetperyear: ['costPerYear'],
  costlimit: ['costPerMonth'],
  spendlimit: ['costPerMonth'],
  maxspend: ['costPerMonth'],
  dailybudget: ['costPerDay'],
  budgetperday: ['costPerDay'],
  rpm: ['requestsPerMinute'],
  rpmlimit: ['requestsPerMinute'],
  ratelimit: ['requestsPerMinute', 'limits'],
  ratelimits: ['limits'],
  quota: ['limits', 'tokensPerMonth'],
  quotas: ['limits'],
  callsperminute: ['requestsPerMinute'],
  rps: ['requestsPerSecond'],
  callspersecond: ['requestsPerSecond'],
  tpm: ['tokensPerMinute'],
  tpmlimit: ['tokensPerMinute'],
  tokenlimit: ['tokensPerMinute'],
  tokenquota: ['tokensPerMonth'],
  tpd: ['tokensPerDay'],
  maxparallelrequests: ['callsInFlight'],
  maxconcurrency: ['callsInFlight'],
  concurrency: ['callsInFlight'],
  concurrentrequests: ['callsInFlight'],
  peruser: ['perCaller'],
  maxtokens: ['most', 'output'],
  defaultmaxtokens: ['standard'],
  queue: ['waitingLine'],
  dryrun: ['mode'],
  fiscalyear: ['fiscalYearStart'],
  fiscalstart: ['fiscalYearStart'],
  financialyearstart: ['fiscalYearStart'],
  yearstart: ['fiscalYearStart'],
  // Instances and pools.
  backends: ['instances'],
  providers: ['instances'],
  upstreams: ['instances'],
  modellist: ['instances'],
  resources: ['instances'],
  apibase: ['endpoint'],
  baseurl: ['endpoint'],
  url: ['endpoint'],
  host: ['endpoint', 'listen', 'url'],
  azureendpoint: ['endpoint'],
  apikey: ['credential'],
  key: ['credential'],
  auth: ['credential'],
  authentication: ['credential'],
  identity: ['credential'],
  location: ['region'],
  models: ['deployments'],
  sku: ['kind'],
  type: ['kind'],
  ptu: ['kind'],
  backendpools: ['pools'],
  loadbalancer: ['pools'],
  routers: ['pools'],
  backend: ['instance'],
  routingstrategy: ['strategy'],
  balancing: ['strategy'],
  retries: ['attempts'],
  numretries: ['attempts'],
  maxretries: ['attempts'],
  order: ['priority'],
  circuitbreaker: ['breaker'],
  allowedfails: ['failures'],
  cooldown: ['open'],
  cooldowntime: ['open'],
  healthcheck: ['probe'],
  // Workloads.
  consumers: ['workloads'],
  teams: ['workloads'],
  products: ['workloads'],
  usecases: ['workloads'],
  applications: ['workloads'],
  apps: ['workloads', 'app'],
  virtualkeys: ['workloads'],
  users: ['callers', 'user'],
  allow: ['callers'],
  allowed: ['callers'],
  principals: ['callers'],
  allowedmodels: ['deployments'],
  route: ['targets'],
  routes: ['targets'],
  logging: ['log', 'capture'],
  class: ['priority'],
  mirror: ['shadow'],
  oid: ['user'],
  objectid: ['user'],
  userid: ['user'],
  person: ['user'],
  appid: ['app'],
  clientid: ['app'],
  application: ['app'],
  groups: ['group'],
  roles: ['role'],
  // The process.
  server: ['gateway'],
  port: ['listen'],
  bind: ['listen'],
  address: ['listen'],
  management: ['admin'],
  requesttimeout: ['total', 'timeouts'],
  timeout: ['timeouts', 'total'],
  streamtimeout: ['streamIdle'],
  maxbodysize: ['bodyBytesMax'],
  entraid: ['entra'],
  azuread: ['entra'],
  aad: ['entra'],
  tenantid: ['tenants', 'tenant'],
  retention: ['retain'],
  path: ['directory'],
  storage: ['ledger'],
  database: ['ledger'],
  sinks: ['feeds'],
  exporters: ['feeds'],
  export: ['feeds'],
  otel: ['telemetry'],
  metrics: ['telemetry'],
  pricing: ['prices'],
  costs: ['prices'],
  cachedprice: ['cachedInput'],
  loglevel: ['level'],
}

/** @param known keys that may be written there and are not. */
export function nearestKey(written: string, known: readonly string[]): string | null {
  const plain = plainOf(written)
  return known.find(key => plainOf(key) === plain) ?? synonymOf(written, known) ?? nearestOf(written, known)
}

/**
 * The known key that is meant by exactly this word, in any spelling of several words, or by another word for it.
 * @param known keys, of which only the last part after a dot counts.
 */
export function sameKey(written: string, known: readonly string[]): string | null {
  const plain = plainOf(written)
  const lastOf = (key: string): string => key.slice(key.lastIndexOf('.') + 1)
  const same = known.find(key => plainOf(lastOf(key)) === plain)
  if (same !== undefined) return same
  const word = synonymOf(written, known.map(lastOf))
  return known.find(key => lastOf(key) === word) ?? null
}

function synonymOf(written: string, known: readonly string[]): string | null {
  const plain = plainOf(written)
  const words = Object.hasOwn(synonyms, plain) ? (synonyms[plain] ?? []) : []
  const found = words.find(word => known.includes(word))
  return found === undefined ? null : printable(found)
}

/** `max_budget`, `maxBudget` and `max-budget` are one word. */
function plainOf(key: string): string {
  return key.toLowerCase().replace(/[_\- ]/g, '')
}
