import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const source = new URL('../../', import.meta.url)
const page = readFileSync(new URL('../../../../../docs/logs.md', import.meta.url), 'utf8')

/** Calls of a log, up to the parenthesis of their arguments. */
const call = /[\w#.]*(?:[lL]og|#write(?:Later)?)\??(?:\.(?:info|warn|error|debug)|\[\w+\])(?:\?\.)?\(|this\.#say\(/g
const code = /^'([a-z][a-z0-9]*(?:_[a-z0-9]+)*)'$/

/** Codes that are computed: an action of the audit trail, which docs/audit.md lists, and the line that a sum is of. */
const computed = new Set(['action', 'event.action', '`audit_${action}`', 'event'])

interface LogCall {
  readonly place: string
  /** Source of the last argument. */
  readonly event: string
}

function logCalls(): LogCall[] {
  const paths = globSync('**/*.ts', { cwd: source }).filter(path => !/\.(test|fixture)\.ts$/.test(path))
  return paths.flatMap(path => {
    const text = readFileSync(new URL(path, source), 'utf8').replaceAll(/^\s*(\*|\/\/|\/\*).*$/gm, '')
    return [...text.matchAll(call)].map(found => {
      return { place: `${path}: ${found[0]}`, event: lastArgument(text, found.index + found[0].length) }
    })
  })
}

/** @param from the first character of the arguments. */
function lastArgument(text: string, from: number): string {
  let depth = 1
  let quote = ''
  const found: string[] = []
  let begin = from
  for (let at = from; depth > 0; at += 1) {
    const character = text[at] ?? assert.fail('a call has no end')
    if (quote !== '') {
      if (character === '\\') at += 1
      else if (character === quote) quote = ''
    } else if (/['"`]/.test(character)) quote = character
    else if (/[([{]/.test(character)) depth += 1
    else if (/[)\]}]/.test(character)) depth -= 1
    if (depth === 0 || (depth === 1 && quote === '' && character === ',')) {
      found.push(text.slice(begin, at).trim())
      begin = at + 1
    }
  }
  return found.findLast(argument => argument !== '') ?? ''
}

/** The codes of an argument: one, or those of both sides of a choice. */
const codesIn = (event: string): readonly (string | undefined)[] =>
  event
    .replace(/^[^?]*\?\s*(?=')/, '')
    .split(/\s*:\s*/)
    .map(text => code.exec(text)?.[1])

// An alert is made for a code: a sentence as `msg` changes with its wording, and the alert is silent from then on.
test('every line of the log says what happened as a code, and docs/logs.md has exactly these codes', () => {
  const calls = logCalls().filter(({ event }) => !computed.has(event))
  assert.ok(calls.length > 100, `${calls.length} calls of a log were found`)
  const sentences = calls.filter(({ event }) => codesIn(event).includes(undefined))
  assert.deepEqual(sentences, [])
  const written = new Set(calls.flatMap(({ event }) => codesIn(event)))
  const [, section = ''] = page.split('## The codes')
  const documented = [...section.matchAll(/^\| (`\w+`(?:, `\w+`)*) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name),
  )
  assert.deepEqual(documented.toSorted(), [...new Set(documented)].sort(), 'a code has two rows')
  assert.deepEqual(documented.toSorted(), [...written].sort())
})
