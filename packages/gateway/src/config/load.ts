/**
 * Reads a configuration: text, expressions, schema, rules, in this order, because each needs the result of the one
 * before. A finding of one step does not stop the others from checking the rest, so all problems are reported at once.
 */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Catalogue } from './catalogue.ts'
import { type ColumnsOf, checkValues } from './checking.ts'
import { configBytesMax, type Finding, readDocument } from './document.ts'
import { fileFault, resolveExpressions } from './expressions.ts'
import { hideInserted } from './hidden.ts'
import { byPosition, ConfigError, formatPath, type Path, type Problem, printable } from './messages.ts'
import type { Config } from './schema/index.ts'

/** Longest file that `${file:PATH}` may bring in, in bytes. */
const secretBytesMax = 65_536

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
  /** Columns of records. Default: columns of feeds are not checked. */
  readonly columns?: ColumnsOf
}

/** Reads and checks a file. Rejects with `ConfigError` and with nothing else. */
export async function loadConfig(
  path: string,
  env: NodeJS.ProcessEnv,
  further: Pick<ParseParts, 'columns'> = {},
): Promise<LoadedConfig> {
  const text = await readConfigText(path)
  return parseConfig(text, { path, env, readFile: readNamedFile, ...further })
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
  if (document === null) {
    const unchecked = ['everything else, because the text cannot be read as YAML']
    throw new ConfigError('config_invalid', parts.path, textProblems, { unchecked })
  }

  const resolved = await resolveExpressions(document.root, { ...parts, directory })
  const { readFile, columns = null } = parts
  const checked = await checkValues(resolved, {
    directory,
    columns,
    readFile: (file, most) => readFile.call(parts, file, most),
  })
  const located = (findings: readonly Finding[]): Problem[] =>
    hideInserted(findings, resolved.inserted, resolved.origins).map(document.locate)
  const warnings = located(checked.warnings).sort(byPosition)
  const problems = [...textProblems, ...resolved.findings.map(document.locate), ...located(checked.errors)]
  if (checked.usable === null || problems.length > 0) {
    const unchecked = [...document.unread.map(unreadText), ...checked.unchecked]
    throw new ConfigError('config_invalid', parts.path, problems, { warnings, unchecked })
  }
  const { config, catalogue } = checked.usable
  const sources = [path, ...resolved.files, ...checked.files]
  return { config: settled(config, directory), path, text, warnings, catalogue, sources }
}

function unreadText(path: Path): string {
  return `what is below ${formatPath(path)}, because of its name`
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
