/**
 * Reads a configuration: text, expressions, schema, rules, in this order, because each needs the result of the one
 * before. A finding of one step does not stop the others from checking the rest, so all problems are reported at once.
 */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type Catalogue, parseCatalogue, shippedCatalogue } from './catalogue.ts'
import { configBytesMax, type Finding, readDocument } from './document.ts'
import { fileFault, resolveExpressions } from './expressions.ts'
import { hideInserted } from './hidden.ts'
import { findingsOf } from './issues.ts'
import { configJsonSchema } from './json-schema.ts'
import { byPosition, ConfigError, formatPath, type Problem, printable } from './messages.ts'
import { checkRules, type Sections } from './rules/index.ts'
import { knownPrices } from './rules/prices.ts'
import { type Config, configSchema } from './schema/index.ts'

/** Longest file that `${file:PATH}` may bring in, in bytes. */
const secretBytesMax = 65_536
/** Longest price catalogue, in bytes. */
const catalogueBytesMax = 1_048_576

export interface LoadedConfig {
  /**
   * Checked. `ledger.directory` and `prices.catalogue` are absolute, and URLs of instances and of the authority have no
   * trailing slash.
   */
  readonly config: Config
  /** Absolute path of the file. */
  readonly path: string
  /** What was read. It may hold secrets. */
  readonly text: string
  /** Settings that are allowed and probably a mistake, sorted by position. */
  readonly warnings: readonly Problem[]
  /** The price catalogue that goes with this configuration. */
  readonly catalogue: Catalogue
  /** Absolute paths of every file that was read, this one first: a reload watches them. */
  readonly sources: readonly string[]
}

export interface ParseParts {
  /** Path of the configuration file: shown in messages, and the base of relative paths in it. */
  readonly path: string
  readonly env: NodeJS.ProcessEnv
  /** Text of a file that `${file:PATH}` or `prices.catalogue` names, by absolute path; rejects with a Node error. */
  readFile(path: string, bytesMax?: number): Promise<string>
  /** Secrets that a masked text leaves in their place, by id. Default: none. */
  readonly kept?: ReadonlyMap<string, string>
}

/** Reads and checks a file. Rejects with `ConfigError` and with nothing else. */
export async function loadConfig(path: string, env: NodeJS.ProcessEnv): Promise<LoadedConfig> {
  const text = await readConfigText(path)
  return parseConfig(text, { path, env, readFile: readNamedFile })
}

/** Text of a configuration file. Rejects with `ConfigError` and with nothing else. */
export async function readConfigText(path: string): Promise<string> {
  return readTextFile(path, configBytesMax).catch((cause: unknown) => {
    throw new ConfigError('config_unreadable', path, [unreadable(path, cause)])
  })
}

/** Text of a file that a configuration names. */
export function readNamedFile(path: string, bytesMax = secretBytesMax): Promise<string> {
  return readTextFile(path, bytesMax)
}

function unreadable(path: string, cause: unknown): Problem {
  const seen = `${printable(resolve(path))}: ${fileFault(cause)}`
  const expected = `a regular file of UTF-8 text, at most ${configBytesMax} bytes; gatehouse config init writes one`
  return { code: 'unreadable', path: '', line: null, column: null, seen, expected, nearest: null }
}

/** Checks a text. Rejects with `ConfigError` and with nothing else. */
export async function parseConfig(text: string, parts: ParseParts): Promise<LoadedConfig> {
  const path = resolve(parts.path)
  const directory = dirname(path)
  const { document, problems: textProblems } = readDocument(text)
  if (document === null) throw new ConfigError('config_invalid', parts.path, textProblems)

  const resolved = await resolveExpressions(document.root, { ...parts, directory })
  const shape = checkShape(resolved.root, resolved.origins)
  const prices = await readCatalogue(shape.sections.prices, parts, directory)
  const { catalogue } = prices
  const known =
    catalogue === null || shape.sections.prices === null ? null : knownPrices(catalogue, shape.sections.prices)
  const rules = checkRules(shape.sections, resolved.origins, known)

  const beyondExpressions = [...shape.findings, ...prices.findings, ...rules.errors].filter(
    finding => !resolved.failed.has(formatPath(finding.path)),
  )
  const hidden = (findings: readonly Finding[]) => hideInserted(findings, resolved.inserted, resolved.origins)
  const errors = [...resolved.findings, ...hidden(beyondExpressions)].map(document.locate)
  if (textProblems.length + errors.length > 0 || shape.config === null || catalogue === null) {
    throw new ConfigError('config_invalid', parts.path, [...textProblems, ...errors])
  }
  return {
    config: settled(shape.config, directory),
    path,
    text,
    warnings: hidden(rules.warnings).map(document.locate).sort(byPosition),
    catalogue,
    sources: [path, ...resolved.files, ...prices.files],
  }
}

interface CheckedSections {
  readonly config: Config | null
  readonly sections: Sections
  readonly findings: ReturnType<typeof findingsOf>
}

/** Checks the values with the schema. When they do not fit, the sections that do are still passed to the rules. */
function checkShape(written: unknown, origins: ReadonlyMap<string, string>): CheckedSections {
  const root = withoutCalls(written)
  const whole = configSchema.safeParse(root)
  if (whole.success) return { config: whole.data, sections: whole.data, findings: [] }
  const context = { root, origins, schema: configJsonSchema() }
  const values: Readonly<Record<string, unknown>> = typeof root === 'object' && root !== null ? { ...root } : {}
  const section = <Name extends keyof Config>(name: Name): Config[Name] | null => {
    const read = configSchema.shape[name].safeParse(values[name])
    return read.success ? (read.data as Config[Name]) : null
  }
  const sections: Sections = {
    gateway: section('gateway'),
    admin: section('admin'),
    identity: section('identity'),
    instances: section('instances'),
    pools: section('pools'),
    workloads: section('workloads'),
    limits: section('limits'),
    prices: section('prices'),
    objects: section('objects'),
    redis: section('redis'),
    ledger: section('ledger'),
    feeds: section('feeds'),
    collect: section('collect'),
    telemetry: section('telemetry'),
    log: section('log'),
  }
  return { config: null, sections, findings: whole.error.issues.flatMap(issue => findingsOf(issue, context)) }
}

/** A collector serves no calls, so its configuration may leave out what only calls need. */
function withoutCalls(root: unknown): unknown {
  const isCollector = typeof root === 'object' && root !== null && Object.hasOwn(root, 'collect')
  return isCollector ? { instances: {}, workloads: {}, ...root } : root
}

interface ReadCatalogue {
  /** Null when the section or the catalogue could not be read. */
  readonly catalogue: Catalogue | null
  readonly findings: readonly Finding[]
  readonly files: readonly string[]
}

/** Reads the catalogue. Problems in a catalogue file are reported at `prices.catalogue`, one finding per problem. */
async function readCatalogue(
  prices: Config['prices'] | null,
  parts: ParseParts,
  directory: string,
): Promise<ReadCatalogue> {
  if (prices === null) return { catalogue: null, findings: [], files: [] }
  const { catalogue: written } = prices
  if (written === undefined) return { catalogue: shippedCatalogue(), findings: [], files: [] }
  const file = resolve(directory, written)
  const at = { path: ['prices', 'catalogue'], nearest: null } as const
  try {
    const { catalogue, problems } = parseCatalogue(await parts.readFile(file, catalogueBytesMax))
    const findings = problems.map(problem => {
      const { line, column, path, seen } = problem
      return {
        ...problem,
        ...at,
        seen: `${printable(file)}:${line}:${column} ${path}: ${seen ?? ''}`.replace(/[: ]+$/, ''),
      }
    })
    return { catalogue, findings, files: [file] }
  } catch (cause) {
    const expected = `a price catalogue that can be read; ${printable(file)}: ${fileFault(cause)}`
    return {
      catalogue: null,
      findings: [{ ...at, code: 'missing_file', seen: printable(written), expected }],
      files: [],
    }
  }
}

/** Resolves what depends on the directory of the file, and gives each value one spelling. */
function settled(config: Config, directory: string): Config {
  const instances = Object.entries(config.instances).map(([name, instance]) => {
    return [name, { ...instance, endpoint: new URL(instance.endpoint).origin }] as const
  })
  const feeds = Object.entries(config.feeds).map(([name, feed]) => {
    return [name, 'directory' in feed ? { ...feed, directory: resolve(directory, feed.directory) } : feed] as const
  })
  const sources = Object.entries(config.collect?.sources ?? {}).map(([name, source]) => {
    return [
      name,
      'directory' in source ? { ...source, directory: resolve(directory, source.directory) } : source,
    ] as const
  })
  const authority = config.identity.entra.authority.replace(/\/+$/, '')
  return {
    ...config,
    identity: { entra: { ...config.identity.entra, authority } },
    instances: Object.fromEntries(instances),
    prices: settledPrices(config.prices, directory),
    feeds: Object.fromEntries(feeds),
    ...(config.collect === undefined ? {} : { collect: { ...config.collect, sources: Object.fromEntries(sources) } }),
    ledger: { ...config.ledger, directory: resolve(directory, config.ledger.directory) },
  }
}

function settledPrices(prices: Config['prices'], directory: string): Config['prices'] {
  const { catalogue } = prices
  return catalogue === undefined ? prices : { ...prices, catalogue: resolve(directory, catalogue) }
}

class FileFault extends Error {
  readonly code: 'not_a_file' | 'too_large' | 'not_utf8'
  constructor(code: FileFault['code'], options?: ErrorOptions) {
    super(code, options)
    this.name = 'FileFault'
    this.code = code
  }
}

async function readTextFile(path: string, bytesMax: number): Promise<string> {
  // Without O_NONBLOCK, opening a pipe waits for its writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    return utf8(await readBytes(file, bytesMax))
  } finally {
    await file.close()
  }
}

/** Sizes can be wrong (/proc) and files grow: the bytes that were read count, not what `stat` says. */
async function readBytes(file: FileHandle, bytesMax: number): Promise<Buffer> {
  if (!(await file.stat()).isFile()) throw new FileFault('not_a_file')
  const bytes = Buffer.alloc(bytesMax + 1)
  let length = 0
  while (length <= bytesMax) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, length)
    if (bytesRead === 0) return bytes.subarray(0, length)
    length += bytesRead
  }
  throw new FileFault('too_large')
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new FileFault('not_utf8', { cause })
  }
}
