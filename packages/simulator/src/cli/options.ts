/** The options of the command, one row each: parsing, checking and the help text all follow from this table. */
import { parseArgs } from 'node:util'
import { usage } from './errors.ts'

export const services = ['azure', 'entra'] as const
export type ServiceName = (typeof services)[number]

export interface OptionRow {
  /** The service that it is for; null for all. */
  readonly of: ServiceName | null
  /** Name of its value; null for a flag. */
  readonly value: string | null
  /** True for an option that may come several times. */
  readonly isList?: boolean
  readonly short?: string
  /** Bounds of a number; a whole one unless `isFraction`. */
  readonly range?: readonly [least: number, most: number]
  readonly isFraction?: boolean
  readonly choices?: readonly string[]
  readonly standard?: string
  readonly say: string
}

const dayMs = 86_400_000
const portMax = 65_535

export const optionRows = {
  port: {
    of: 'azure',
    value: 'port',
    short: 'p',
    range: [0, portMax],
    standard: '8083',
    say: 'port on 127.0.0.1; 0 takes a free one',
  },
  instances: {
    of: 'azure',
    value: 'n',
    range: [1, 20],
    standard: '1',
    say: 'how many instances, on consecutive ports',
  },
  name: {
    of: 'azure',
    value: 'name',
    standard: 'simulated-instance',
    say: 'name of the instance; several are numbered',
  },
  region: { of: 'azure', value: 'region', standard: 'swedencentral', say: 'its region, which answers name' },
  deployment: {
    of: 'azure',
    value: 'name[=model]',
    isList: true,
    standard: 'gpt-4o, gpt-4o-mini, text-embedding-3-small',
    say: 'a deployment, as chat=gpt-4o',
  },
  key: {
    of: 'azure',
    value: 'key',
    isList: true,
    say: 'an API key that is accepted; without keys every call is accepted',
  },
  seed: { of: 'azure', value: 'n', range: [0, 4_294_967_295], say: 'equal questions get equal bytes' },
  'time-to-first-token': { of: 'azure', value: 'ms', range: [0, 600_000], standard: '0', say: 'mean, in milliseconds' },
  'tokens-per-second': {
    of: 'azure',
    value: 'n',
    range: [1, 1_000_000],
    say: 'speed of generation; without it as fast as possible',
  },
  'reasoning-tokens-per-second': {
    of: 'azure',
    value: 'n',
    range: [1, 1_000_000],
    say: 'speed of hidden reasoning; default: the speed of generation',
  },
  jitter: {
    of: 'azure',
    value: 'share',
    range: [0, 1],
    isFraction: true,
    standard: '0',
    say: 'share by which times and speeds vary, 0 to 1',
  },
  'tokens-per-minute': {
    of: 'azure',
    value: 'n',
    range: [1, 1_000_000_000],
    say: 'limit of each deployment; 429 beyond it',
  },
  'requests-per-minute': {
    of: 'azure',
    value: 'n',
    range: [1, 1_000_000_000],
    say: 'limit of each deployment; 429 beyond it',
  },
  provisioned: {
    of: 'azure',
    value: 'name',
    isList: true,
    say: 'a deployment that is provisioned: tokens per minute are its capacity',
  },
  'burst-seconds': {
    of: 'azure',
    value: 'n',
    range: [1, 3_600],
    say: 'seconds of capacity that make 100 % of a provisioned one; default 60',
  },
  spillover: { of: 'azure', value: 'name', say: 'deployment that serves what a full provisioned one cannot' },
  filter: {
    of: 'azure',
    value: 'mode',
    choices: ['default', 'asynchronous'],
    standard: 'default',
    say: 'content filter of streams: default or asynchronous',
  },
  'refuse-stream-options': {
    of: 'azure',
    value: 'name',
    isList: true,
    say: 'a deployment that answers 422 to stream_options',
  },
  'responses-hide-limits': {
    of: 'azure',
    value: null,
    say: 'the Responses API reports -1 for its rate limits, as Azure did in late 2025',
  },
  'rate-limit-resets': {
    of: 'azure',
    value: 'unit',
    choices: ['seconds', 'milliseconds'],
    standard: 'seconds',
    say: 'unit of x-ratelimit-reset-*: seconds or milliseconds',
  },
  'background-ms': { of: 'azure', value: 'ms', range: [0, dayMs], say: 'how long a response in the background takes' },
  'batch-ms': { of: 'azure', value: 'ms', range: [0, dayMs], say: 'how long a batch takes at least' },
  'picture-bytes': { of: 'azure', value: 'n', range: [0, 50_000_000], say: 'least size of a drawn picture' },
  'entra-port': {
    of: 'entra',
    value: 'port',
    range: [0, portMax],
    standard: '8082',
    say: 'port on 127.0.0.1; 0 takes a free one',
  },
  'keys-folder': { of: 'entra', value: 'folder', say: 'keep the signing keys there, so that tokens outlive a restart' },
  'tls-certificate': {
    of: 'entra',
    value: 'file',
    say: 'speak TLS with a new certificate, and write the certificate to this file',
  },
  json: { of: null, value: null, say: 'print one JSON object instead of text; errors too' },
  help: { of: null, value: null, short: 'h', say: 'print this help' },
  version: { of: null, value: null, short: 'V', say: 'print the version' },
} as const satisfies Readonly<Record<string, OptionRow>>

export type OptionName = keyof typeof optionRows

export const optionNames = Object.keys(optionRows) as readonly OptionName[]

/** By option: its text, true for a flag, several texts for an option that may come several times. */
export type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>

/** The command line, checked. */
export class Given {
  readonly services: ReadonlySet<ServiceName>
  readonly #values: Values

  constructor(values: Values, services: ReadonlySet<ServiceName>) {
    this.#values = values
    this.services = services
  }

  flag(name: OptionName): boolean {
    return this.#values[name] === true
  }

  /** The last value that was typed, else the default; null when there is none. */
  text(name: OptionName): string | null {
    const value = this.#values[name]
    return typeof value === 'string' ? value : (rowOf(name).standard ?? null)
  }

  number(name: OptionName): number | null {
    const text = this.text(name)
    return text === null ? null : Number(text)
  }

  /** Empty when nothing was typed. */
  list(name: OptionName): readonly string[] {
    const value = this.#values[name]
    return Array.isArray(value) ? value.filter(each => typeof each === 'string') : []
  }
}

const rowOf = (name: OptionName): OptionRow => optionRows[name]

/** @throws CommandError `usage` for an unknown option or service, a wrong value, and an option without its service. */
export function readArguments(args: readonly string[]): Given {
  const { values, positionals } = parsed(args)
  const given = new Given(values, new Set(services.filter(name => positionals.includes(name))))
  if (given.flag('help') || given.flag('version')) return given
  const odd = positionals.find(each => !services.some(name => name === each))
  if (odd !== undefined) throw usage(`"${odd}" is not a service.`, 'The services are azure and entra.')
  if (given.services.size === 0) throw usage('No service is named.', 'Name azure, entra or both.')
  return checked(values, given.services)
}

/** @throws CommandError `usage` for a wrong value, and for an option whose service is not started. */
export function checked(values: Values, started: ReadonlySet<ServiceName>): Given {
  const given = new Given(values, started)
  for (const name of optionNames) if (values[name] !== undefined) checkOption(name, given)
  if ((given.number('port') ?? 0) + (given.number('instances') ?? 1) - 1 > portMax) {
    throw usage(`--port ${given.text('port')} leaves no ports for ${given.text('instances')} instances.`)
  }
  return given
}

function parsed(args: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries<OptionRow>(optionRows).map(([name, { value, isList, short }]) => [
      name,
      {
        type: value === null ? ('boolean' as const) : ('string' as const),
        multiple: isList ?? false,
        ...(short === undefined ? {} : { short }),
      },
    ]),
  )
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    // Node's own message, as "Unknown option '--prot'", without its hint.
    throw usage(error instanceof Error ? `${error.message.split(/[.\n]/)[0]}.` : String(error))
  }
}

function checkOption(name: OptionName, given: Given): void {
  const { of, value, range, isFraction, choices, isList } = rowOf(name)
  if (of !== null && !given.services.has(of)) {
    throw usage(`--${name} is an option of ${of}.`, `Only ${[...given.services].join(', ')} is started.`)
  }
  if (value === null) return
  const texts = isList ? given.list(name) : [given.text(name) ?? '']
  if (texts.includes('')) throw usage(`--${name} needs a value.`)
  const [text = ''] = texts
  if (choices !== undefined && !choices.includes(text)) {
    throw usage(`--${name} is "${text}".`, `It takes ${choices.join(' or ')}.`)
  }
  if (range === undefined) return
  const [least, most] = range
  const number = Number(text)
  if (number >= least && number <= most && (isFraction || /^\d+$/.test(text))) return
  throw usage(`--${name} is "${text}".`, `It takes a ${isFraction ? '' : 'whole '}number from ${least} to ${most}.`)
}
