/** Texts for people: with the commands in them as they are typed here, and wrapped to the terminal. */
import { asStarted } from '../started.ts'
import { columnsIn, type Output, wrapLine } from './wrap.ts'

interface Reader {
  readonly program: string
  readonly stdout: Output
}

/**
 * @param text lines of prose, findings or steps; no tables, whose lines have their widths already.
 * @param reader the context of the command: what the program is called, and where the text goes.
 * @param output where it goes instead, as standard error.
 */
export function forPeople(text: string, { program, stdout }: Reader, output: Omit<Output, 'write'> = stdout): string {
  const width = columnsIn(output)
  return asStarted(text, program)
    .split('\n')
    .map(line => wrapLine(line, width, indentOf(line, width ?? 80)))
    .join('\n')
}

/** Where the text begins: after a mark and the name of a check or a stage, as long as half of the line is left. */
function indentOf(line: string, width: number): number {
  const named = /^ *[✗✓!·?→] (?:[\w-]+ {2,})?/.exec(line)?.[0].length ?? /^ */.exec(line)?.[0].length ?? 0
  return named <= width / 2 ? named : 2
}
