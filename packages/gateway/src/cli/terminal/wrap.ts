/** Long lines on a terminal: broken between words, with the further lines indented. */
import { columnsOf } from './printable.ts'

/** Where a command prints. `columns` is null when it is not a terminal. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

/**
 * One line as lines of at most `width` columns. A word that is longer than a line, as a path or an address, stays
 * whole, and so does a command at the end of the line: they can then be copied.
 * @param width columns of the terminal; null for no bound, as in files and pipes.
 * @param indent blanks before every line but the first.
 */
export function wrapLine(text: string, width: number | null, indent: number): string {
  if (width === null || columnsOf(text) <= width) return text
  const lead = /^ */.exec(text)?.[0] ?? ''
  const lines: string[] = []
  let line = lead
  let isEmpty = true
  for (const [piece, blanks, word] of wordsOf(text.slice(lead.length))) {
    if (isEmpty || columnsOf(line + piece) <= width) line += isEmpty ? word : `${blanks}${word}`
    else {
      lines.push(line)
      line = ' '.repeat(indent) + word
    }
    isEmpty = false
  }
  return [...lines, line].join('\n')
}

/** A command that ends a line: after a colon, or the whole line, with its mark. A sentence ends with a stop. */
const lastCommand = /(?:^(?:(?:[$→]|Try:) )?|(?<=: ))\S*gatehouse'? [a-z-].*(?<![.,:;])$/

/** Words with the blanks before them; a command is one word. */
function wordsOf(text: string): (readonly [piece: string, blanks: string, word: string])[] {
  const command = lastCommand.exec(text)?.[0] ?? ''
  const sentence = text.slice(0, text.length - command.length)
  const words = [...sentence.matchAll(/( *)([^ ]+)/g)].map(
    ([piece, blanks = '', word = '']) => [piece, blanks, word] as const,
  )
  return command === '' ? words : [...words, [` ${command}`, ' ', command]]
}

/**
 * A text of which some lines have a name and, after three blanks or more, what it means. This goes on below itself.
 * All other lines stay as they are, as commands to paste.
 * @param width as of `wrapLine`.
 */
export function wrapMeanings(text: string, width: number | null): string {
  const wrapped = text.split('\n').map(line => {
    const [name] = /^(?: {2}\S.*? {3,}| {8,})(?=\S)/.exec(line) ?? []
    return name === undefined ? line : wrapLine(line, width, name.length)
  })
  return wrapped.join('\n')
}

/** Columns of an output; null when it goes to a file or a pipe. */
export function columnsIn(output: Omit<Output, 'write'>): number | null {
  return output.isTTY === true ? (output.columns ?? 80) : null
}
