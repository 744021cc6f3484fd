/**
 * Checks the values of a configuration: schema, prices, rules. Where values have mistakes, the rest is checked all the
 * same, with values made up in their place (`salvage/`), so that all mistakes are reported at once.
 */
import { resolve } from 'node:path'
import { type Catalogue, parseCatalogue, shippedCatalogue } from './catalogue.ts'
import type { Finding } from './document.ts'
import { fileFault, type ResolvedExpressions } from './expressions.ts'
import { configJsonSchema } from './json-schema.ts'
import { formatPath, type Path, printable } from './messages.ts'
import { checkRules, type RuleFindings } from './rules/index.ts'
import { type KnownPrices, knownPrices } from './rules/prices.ts'
import { certain, type Reported } from './salvage/certain.ts'
import { type Reading, type Skipped, salvage } from './salvage/index.ts'
import { type Config, configSchema } from './schema/index.ts'

/** Longest price catalogue, in bytes. */
const catalogueBytesMax = 1_048_576

/** Columns of records, by the form of a feed. */
export type ColumnsOf = (form: string) => readonly string[]

export interface CheckSurroundings {
  /** Of the configuration file. */
  readonly directory: string
  /** Null: columns of feeds are not checked. */
  readonly columns: ColumnsOf | null
  readFile(path: string, bytesMax?: number): Promise<string>
}

export interface CheckedValues {
  /** Null when there are errors. */
  readonly usable: { readonly config: Config; readonly catalogue: Catalogue } | null
  /** Paths are those of the text. */
  readonly errors: readonly Finding[]
  readonly warnings: readonly Finding[]
  /** What could not be checked because of the errors, and why; a line each. */
  readonly unchecked: readonly string[]
  /** Absolute paths of files that were read. */
  readonly files: readonly string[]
}

export async function checkValues(
  { root: written, origins, failed, findings }: ResolvedExpressions,
  surroundings: CheckSurroundings,
): Promise<CheckedValues> {
  const root = withoutCalls(written)
  const whole = configSchema.safeParse(root)
  if (!whole.success || failed.size > 0) {
    return checkSalvaged(root, { origins, failed: findings.map(({ path }) => path) }, surroundings)
  }
  const { data: config } = whole
  const prices = await readCatalogue(config.prices, surroundings)
  const { catalogue } = prices
  const known = catalogue === null ? null : knownPrices(catalogue, config.prices)
  const rules = checkRules(config, origins, { prices: known, columns: surroundings.columns })
  if (rules.errors.some(({ code, nearest }) => code === 'unknown_name' && nearest !== null)) {
    return checkSalvaged(root, { origins, failed: [] }, surroundings)
  }
  const errors = [...prices.findings, ...rules.errors]
  const usable = catalogue === null || errors.length > 0 ? null : { config, catalogue }
  const unchecked = [...rules.unchecked.map(skippedText), ...(catalogue === null ? [withoutCatalogue] : [])]
  return { usable, errors, warnings: rules.warnings, unchecked, files: prices.files }
}

interface Unresolved {
  readonly origins: ReadonlyMap<string, string>
  readonly failed: readonly Path[]
}

const withoutCatalogue = 'prices and cost limits, because the price catalogue cannot be read'

async function checkSalvaged(
  root: unknown,
  { origins, failed }: Unresolved,
  surroundings: CheckSurroundings,
): Promise<CheckedValues> {
  const { findings, reading } = salvage(root, { origins, failed, schema: configJsonSchema() })
  const failedKeys = new Set(failed.map(formatPath))
  const own = findings.filter(({ path }) => !failedKeys.has(formatPath(path)))
  if (reading === null) {
    // A file that is no mapping, or another file altogether, has nothing else to check.
    const isOther = own.some(({ path }) => path.length === 0)
    const unchecked = isOther ? [] : ['rules across fields, because too much of the file cannot be read']
    return { usable: null, errors: own, warnings: [], unchecked, files: [] }
  }
  const isMadeUp = reading.isMadeUp(['prices', 'catalogue'])
  const prices = isMadeUp ? noCatalogue : await readCatalogue(reading.config.prices, surroundings)
  const check = (config: Config, of: Reading): RuleFindings => {
    const known: KnownPrices | null = prices.catalogue === null ? null : knownPrices(prices.catalogue, config.prices)
    return checkRules(config, of.origins, { prices: known, columns: surroundings.columns })
  }
  const reported = [...own, ...failed.map(path => ({ path }))]
  const { errors, warnings, unchecked } = checkReading(reading, check, reported)
  return {
    usable: null,
    errors: [...own, ...prices.findings, ...errors],
    warnings,
    unchecked: [...unchecked, ...(prices.catalogue === null ? [withoutCatalogue] : [])],
    files: prices.files,
  }
}

/** Names that are right at last may show mistakes that depend on them; each round is of such. */
const nameRoundsMax = 4

function checkReading(
  first: Reading,
  check: (config: Config, of: Reading) => RuleFindings,
  reported: readonly Reported[],
): Pick<CheckedValues, 'errors' | 'warnings' | 'unchecked'> {
  const errors = new Map<string, Finding>()
  let reading = first
  for (let round = 1; ; round += 1) {
    const now = reading
    const runs = [{ config: now.config, place: null }, ...now.others].map(({ config, place }) => {
      return { place, ...check(config, now) }
    })
    const found = certainOf(runs, now, reported)
    const names = (runs[0]?.errors ?? []).filter(({ code, path, nearest }) => {
      return code === 'unknown_name' && nearest !== null && !errors.has(formatPath(now.written(path)))
    })
    for (const finding of found.errors) {
      const key = formatPath(finding.path)
      if (!errors.has(key)) errors.set(key, finding)
    }
    const next = names.length === 0 || round === nameRoundsMax ? null : now.withNearest(names)
    if (next === null) return { ...found, errors: [...errors.values()] }
    reading = next
  }
}

function certainOf(
  runs: readonly (RuleFindings & { readonly place: Path | null })[],
  reading: Reading,
  reported: readonly Reported[],
): Pick<CheckedValues, 'errors' | 'warnings' | 'unchecked'> {
  const of = (kind: 'errors' | 'warnings') => {
    const [own, ...others] = runs.map(run => ({ place: run.place, findings: run[kind] }))
    return certain(own?.findings ?? [], others, reading, reported)
  }
  const errors = of('errors')
  const depending = (runs[0]?.unchecked ?? []).map(one => skippedText({ ...one, path: reading.written(one.path) }))
  return {
    errors: errors.findings,
    warnings: of('warnings').findings,
    unchecked: [
      ...reading.skipped.map(({ path, why }) => `what is below ${skippedText({ path, why })}`),
      ...depending,
      ...errors.unchecked,
    ],
  }
}

function skippedText({ path, why }: Skipped): string {
  return `${formatPath(path)}, because ${why}`
}

/** A collector serves no calls, so its configuration may leave out what only calls need. */
function withoutCalls(root: unknown): unknown {
  const isCollector = typeof root === 'object' && root !== null && Object.hasOwn(root, 'collect')
  return isCollector ? { instances: {}, workloads: {}, ...root } : root
}

interface ReadCatalogue {
  /** Null when the catalogue could not be read. */
  readonly catalogue: Catalogue | null
  readonly findings: readonly Finding[]
  readonly files: readonly string[]
}

const noCatalogue: ReadCatalogue = { catalogue: null, findings: [], files: [] }

/** Reads the catalogue. Problems in a catalogue file are reported at `prices.catalogue`, one finding per problem. */
async function readCatalogue(
  { catalogue: written }: Config['prices'],
  { directory, readFile }: CheckSurroundings,
): Promise<ReadCatalogue> {
  if (written === undefined) return { catalogue: shippedCatalogue(), findings: [], files: [] }
  const file = resolve(directory, written)
  const at = { path: ['prices', 'catalogue'], nearest: null } as const
  try {
    const { catalogue, problems } = parseCatalogue(await readFile(file, catalogueBytesMax))
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
