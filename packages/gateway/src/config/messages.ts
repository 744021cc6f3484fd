/**
 * Problems of a configuration, as data and as text. A problem names the place, what is there, what was expected and the
 * nearest known key or name. Values that came from `${env:…}` or `${file:…}`, keys, and text that looks like a
 * credential are never shown.
 */

/** Stable, for `--json` and for the documentation. */
export type ProblemCode =
  | 'unreadable'
  | 'syntax'
  | 'duplicate_key'
  | 'unknown_key'
  | 'missing_key'
  | 'wrong_type'
  | 'wrong_value'
  | 'reserved_name'
  | 'unknown_name'
  | 'duplicate'
  | 'conflict'
  | 'expression'
  | 'missing_variable'
  | 'missing_file'
  | 'risk'

export interface Problem {
  readonly code: ProblemCode
  /** As `workloads.hr-bot.callers[0].user`; empty for the file as a whole. */
  readonly path: string
  /** From 1; null when the problem has no place in the text (the file cannot be read). */
  readonly line: number | null
  /** From 1, in UTF-16 code units; null together with `line`. */
  readonly column: number | null
  /**
   * The text in that place, safe for a terminal and a log: cut, escaped, without secrets. Null when there is nothing to
   * show.
   */
  readonly seen: string | null
  /** What would be right, and what to do where that is not obvious. */
  readonly expected: string
  /** The known key or name that is most similar to the one that was written; null when none is near. */
  readonly nearest: string | null
}

export type ConfigErrorCode = 'config_unreadable' | 'config_invalid'

/** Further problems are counted, not listed: no one fixes more than this at once. */
const problemsMax = 100

/** A configuration that cannot be used. Contains all problems, sorted by position. `message` contains no secret. */
export class ConfigError extends Error {
  readonly code: ConfigErrorCode
  /** The configuration file. */
  readonly file: string
  /** The first hundred. */
  readonly problems: readonly Problem[]
  /** Number of problems in all. */
  readonly problemCount: number
  /** Settings that are allowed and probably a mistake, as far as they could be checked; sorted by position. */
  readonly warnings: readonly Problem[]
  /** What could not be checked because of the problems, and why; a line each. */
  readonly unchecked: readonly string[]

  constructor(
    code: ConfigErrorCode,
    file: string,
    problems: readonly Problem[],
    { warnings = [], unchecked = [] }: Partial<Pick<ConfigError, 'warnings' | 'unchecked'>> = {},
  ) {
    const sorted = [...problems].sort(byPosition).slice(0, problemsMax)
    super(`${printable(file)}: ${countOf(problems.length)}\n${sorted.map(problemLine).join('\n')}`)
    this.name = 'ConfigError'
    this.code = code
    this.file = file
    this.problems = sorted
    this.problemCount = problems.length
    this.warnings = warnings
    this.unchecked = unchecked
  }

  toJSON(): Pick<ConfigError, 'code' | 'file' | 'problemCount' | 'problems' | 'warnings' | 'unchecked'> {
    const { code, file, problemCount, problems, warnings, unchecked } = this
    return { code, file, problemCount, problems, warnings, unchecked }
  }
}

export function byPosition(a: Problem, b: Problem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)
}

/** `1 problem`, `3 problems`. */
export function countOf(count: number): string {
  return count === 1 ? '1 problem' : `${count} problems`
}

/** One problem in one line: `12:5 gateway.listen: seen 8080; expected ADDRESS:PORT, as 0.0.0.0:8080 or [::]:8080`. */
export function problemLine(problem: Problem): string {
  const place = problem.line === null ? '' : `${problem.line}:${problem.column} `
  const subject = problem.path === '' ? '' : `${problem.path}: `
  const seen = problem.seen === null ? '' : `seen ${problem.seen}; `
  const nearest = problem.nearest === null ? '' : ` (nearest: ${problem.nearest})`
  return `${place}${subject}${seen}expected ${problem.expected}${nearest}`
}

/**
 * Problems for a terminal, a block each, without colour:
 *
 *     gatehouse.yaml:12:5  gateway.listen
 *       seen      8080
 *       expected  ADDRESS:PORT, as 0.0.0.0:8080 or [::]:8080
 */
export function renderProblems(file: string, problems: readonly Problem[]): string {
  return problems.map(problem => renderProblem(file, problem)).join('\n\n')
}

function renderProblem(file: string, problem: Problem): string {
  const place = problem.line === null ? printable(file) : `${printable(file)}:${problem.line}:${problem.column}`
  const lines = [problem.path === '' ? place : `${place}  ${problem.path}`]
  if (problem.seen !== null) lines.push(`  seen      ${problem.seen}`)
  lines.push(`  expected  ${problem.expected}`)
  if (problem.nearest !== null) lines.push(`  nearest   ${problem.nearest}`)
  return lines.join('\n')
}

export type Path = readonly (string | number)[]

/** `['workloads', 'hr-bot', 'callers', 0]` -> `workloads.hr-bot.callers[0]`; keys of other forms in quotes. */
export function formatPath(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`
      if (!/^[\w-]{1,80}$/.test(step)) return `[${quoted(step)}]`
      return index === 0 ? step : `.${step}`
    })
    .join('')
}

const shownCharsMax = 60

/** A value for a message. `origin` names the expression's source; `secret` hides any text. */
export function showValue(value: unknown, origin: string | null, secret: boolean): string {
  if (origin !== null) return `(from ${printable(origin)})`
  if (value === undefined) return 'nothing'
  if (value === null) return 'nothing (null)'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`
  if (typeof value === 'object') return showKeys(Object.keys(value))
  if (secret) return '(a secret, not shown)'
  if (typeof value !== 'string') return String(value)
  return looksSecret(value) ? `(${value.length} characters that look like a secret, not shown)` : quoted(maskUrl(value))
}

function showKeys(keys: readonly string[]): string {
  if (keys.length === 0) return 'an empty mapping'
  const shown = keys.slice(0, 6).map(key => printable(key))
  return `a mapping with ${keys.length === 1 ? 'the key' : 'the keys'} ${shown.join(', ')}${keys.length > 6 ? ', …' : ''}`
}

/** API keys are long runs of letters and digits; tokens begin with an encoded `{"`. */
function looksSecret(text: string): boolean {
  return /[A-Za-z0-9+/]{32,}/.test(text) || text.startsWith('eyJ')
}

/** User information and query strings of URLs may carry credentials. */
function maskUrl(text: string): string {
  return text.replace(/\/\/[^/@]*@/g, '//…@').replace(/\?.*$/s, '?…')
}

function quoted(text: string): string {
  return `"${printable(text)}"`
}

/** Cuts the text and escapes everything that moves a terminal's cursor or changes the direction of its text. */
export function printable(text: string): string {
  const cut = text.length > shownCharsMax * 2 ? `${text.slice(0, shownCharsMax)}…` : text
  return cut.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, character => {
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`
  })
}

/**
 * The candidate that is most similar to `written`, without regard to case: at most a third of its letters away by
 * insertions, deletions, replacements and swaps of neighbours. Null when none is near enough.
 * @returns a printable form: candidates are names that users wrote, too.
 */
export function nearestOf(written: string, candidates: Iterable<string>): string | null {
  if (written.length === 0 || written.length > 100) return null
  const wanted = written.toLowerCase()
  let best: string | null = null
  let bestDistance = Math.max(1, Math.floor(written.length / 3)) + 1
  for (const candidate of candidates) {
    if (candidate === written || Math.abs(candidate.length - written.length) >= bestDistance) continue
    const distance = editDistance(wanted, candidate.toLowerCase())
    if (distance >= bestDistance) continue
    best = candidate
    bestDistance = distance
  }
  return best === null ? null : printable(best)
}

/** Optimal string alignment distance. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1]
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      current[column] = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    beforeLast = last
    last = current
  }
  return last[b.length] ?? 0
}
