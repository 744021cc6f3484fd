/**
 * Words that make prose hard to read for engineers who read English as a second language, and how often they may occur
 * in pages and in the texts of the product.
 */
import type { Source } from './sources.ts'

/** Most of these words in 1,000 words, in each page and in all of them together. */
const perThousandMax = 1.5

const words =
  /\b(?:somebody|nobody|everybody|whoever|anew|likewise|behind|fares|mend(?:s|ed|ing)?|left alone|want of)\b/gi
/** Behind a proxy is a place; so is a place in a queue, and in time a feed or a clock can be behind. */
const plainBehind =
  /^behind(?! \w)|^behind (?:by|it|(?:(?:a|an|the|its|your|another|one|each) )?(?:[\w-]+ ){0,2}(?:proxy|proxies|balancer|gateway|ingress|firewall|call))\b/i
/** A sentence that begins with a relative word, unless it asks. */
const openings = /(?<=^\s*(?:[-*>|]+ |\d+\. )?|[.!?:|] |\*\*)(?:Of|Who|Whose)\b(?![^.!?\n]*\?)/gm

/** Findings, a line for each word, where a page or all pages together have too many. */
export function archaicWords(pages: readonly Source[]): readonly string[] {
  const counted = pages.map(({ path, text }) => ({ path, total: wordsOf(text), found: archaicIn(text) }))
  const all = {
    total: counted.reduce((sum, { total }) => sum + total, 0),
    found: counted.reduce((sum, { found }) => sum + found.length, 0),
  }
  const tooMany = isTooMany(all.found, all.total)
    ? counted
    : counted.filter(one => isTooMany(one.found.length, one.total))
  return tooMany.flatMap(({ path, total, found }) =>
    found.map(
      ({ line, word }) =>
        `${path}:${line}: "${word}"; ${found.length} such words in ${total}, at most ${perThousandMax} in 1,000`,
    ),
  )
}

function isTooMany(found: number, total: number): boolean {
  return found * 1_000 > total * perThousandMax
}

function wordsOf(text: string): number {
  return text.match(/[\p{L}\p{N}'’-]+/gu)?.length ?? 0
}

function archaicIn(text: string): readonly { readonly line: number; readonly word: string }[] {
  return [...text.matchAll(words), ...text.matchAll(openings)]
    .filter(({ index }) => !plainBehind.test(text.slice(index, index + 80)))
    .sort((one, other) => one.index - other.index)
    .map(({ index, 0: word }) => ({ line: text.slice(0, index).split('\n').length, word }))
}

/** The prose of a Markdown page: without blocks and spans of code. Lines keep their numbers. */
export function proseOf({ path, text }: Source): Source {
  const blank = (code: string): string => code.replace(/[^\n]/g, ' ')
  const blocks = /^([ \t]*)(```|~~~)[\s\S]*?^\1\2[ \t]*$/gm
  return {
    path,
    text: text
      .replace(blocks, blank)
      .replace(/\]\([^)\s]*\)/g, blank)
      .replace(/(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g, blank),
  }
}

/** The comments of a YAML file, at their lines. */
export function yamlCommentsOf({ path, text }: Source): Source {
  const comments = text.split('\n').map(line => /(?:^|\s)#(.*)/.exec(line)?.[1] ?? '')
  return { path, text: comments.join('\n') }
}

const described = /^\s*"?(?:summary|description|title|error_message)"?\s*[:=]\s*(['"])(.*)\1,?\s*$/
/** What alerts, dashboards and Terraform modules say to operators: their descriptions, at their lines. */
export function descriptionsOf({ path, text }: Source): Source {
  return {
    path,
    text: text
      .split('\n')
      .map(line => described.exec(line)?.[2] ?? '')
      .join('\n'),
  }
}

/** Texts of the product that are made up: what simulated models answer, and what people ask them. */
const invented = /^packages\/simulator\/src\/azure\/answers\/|^packages\/gateway\/src\/demo\//

const token = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/gm

/**
 * What a source says to people: its strings of four words or more, at their lines. Messages, help texts, descriptions
 * in schemas and the texts of the console are such strings.
 */
export function textsOf({ path, text }: Source): Source {
  if (!/^packages\/[\w-]+\/src\//.test(path) || /\.(?:test|fixture)\.tsx?$/.test(path) || invented.test(path))
    return { path, text: '' }
  const lines: (string | undefined)[] = []
  for (const { 0: found, index } of text.matchAll(token)) {
    if (found.startsWith('/') || found.split(' ').length < 4) continue
    const before = text.slice(0, index).split('\n').length - 1
    for (const [offset, part] of found.slice(1, -1).split('\n').entries())
      lines[before + offset] = `${lines[before + offset] ?? ''} ${part}`
  }
  return { path, text: Array.from(lines, line => line ?? '').join('\n') }
}
