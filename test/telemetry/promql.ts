/** What a PromQL expression names. That it is sound at all is for promtool to say. */

/** A metric in an expression, with the labels that it must have for the expression to mean something. */
export interface Named {
  readonly metric: string
  readonly labels: readonly string[]
  /** Values that a matcher compares with, by label: the alternatives of a pattern one by one. */
  readonly values: Readonly<Record<string, readonly string[]>>
}

interface Selector {
  readonly metric: string
  readonly labels: Set<string>
  readonly values: Record<string, readonly string[]>
  readonly at: number
}

const tokenForm =
  /\s+|#[^\n]*|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|([a-zA-Z_:][\w:]*)|(\d[\w.]*|=~|!~|!=|==|>=|<=|.)/gs
const words = new Set(['and', 'or', 'unless', 'bool', 'offset', 'by', 'without', 'on', 'ignoring'])
const lists = new Set(['by', 'on', 'group_left', 'group_right'])

/**
 * @param expression a sound one, in which each aggregation says `by` before its argument, as `sum by (le) (...)`.
 * @throws Error for `without` and `ignoring`: what they leave depends on labels that nobody wrote.
 */
export function namedIn(expression: string): readonly Named[] {
  const tokens = [...expression.matchAll(tokenForm)]
    .filter(([, text, name, other]) => (text ?? name ?? other) !== undefined)
    .map(([token]) => token)
  const selectors: Selector[] = []
  const groups: Group[] = []
  let at = 0
  while (at < tokens.length) {
    const token = tokens[at] ?? ''
    const next = tokens[at + 1] ?? ''
    if (token === 'without' || token === 'ignoring') throw new Error(`${expression}: ${token} is not used here`)
    if (lists.has(token)) {
      const group = readGroup(tokens, at)
      groups.push(group)
      at = group.end
    } else if (isMetric(token, next)) {
      const selector: Selector = { metric: token, labels: new Set(), values: {}, at }
      at = next === '{' ? readMatchers(tokens, at + 2, selector) : at + 1
      selectors.push(selector)
    } else at += 1
  }
  return selectors.map(({ metric, labels, values, at: place }) => {
    const around = groups.filter(({ from, to }) => place >= from && place < to).flatMap(group => group.labels)
    return { metric, labels: [...new Set([...labels, ...around])], values }
  })
}

function isMetric(token: string, next: string): boolean {
  return /^[a-zA-Z_:]/.test(token) && next !== '(' && !words.has(token) && !lists.has(next)
}

/** A list of labels at `at`, and the tokens to which it applies: the argument after `by`, both sides of `on`. */
interface Group {
  readonly labels: readonly string[]
  readonly from: number
  readonly to: number
  /** Place after the list. */
  readonly end: number
}

function readGroup(tokens: readonly string[], at: number): Group {
  const end = tokens.indexOf(')', at) + 1
  const labels = tokens.slice(at + 2, end - 1).filter(token => token !== ',')
  if (tokens[at] === 'by') return { labels, from: end, to: closing(tokens, end), end }
  // What `group_left` brings is a label of one side.
  return { labels: tokens[at] === 'on' ? labels : [], from: 0, to: tokens.length, end }
}

/** @returns the place after the closing brace. */
function readMatchers(tokens: readonly string[], from: number, { labels, values }: Selector): number {
  let at = from
  while (tokens[at] !== '}') {
    const [label = '', operator, quoted = ''] = tokens.slice(at, at + 3)
    if (at >= tokens.length) throw new Error('a selector does not end')
    const value = quoted.slice(1, -1)
    labels.add(label)
    if (operator === '=' || operator === '!=') values[label] = [value]
    else if (/^[\w|]+$/.test(value)) values[label] = value.split('|')
    at += tokens[at + 3] === ',' ? 4 : 3
  }
  return at + 1
}

/** Place after the parenthesis that closes the one at `from`. */
function closing(tokens: readonly string[], from: number): number {
  if (tokens[from] !== '(') throw new Error(`"by (...)" is followed by ${tokens[from]}`)
  let depth = 0
  for (let at = from; at < tokens.length; at += 1) {
    if (tokens[at] === '(') depth += 1
    if (tokens[at] === ')') depth -= 1
    if (depth === 0) return at + 1
  }
  throw new Error('a parenthesis does not end')
}
