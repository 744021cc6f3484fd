/** What is wrong with a configuration, on a terminal. */
import { type Problem, renderProblems } from '../../config/messages.ts'
import { wrapLine } from './wrap.ts'

interface Mistakes {
  readonly problems: readonly Problem[]
  /** Default: none. */
  readonly warnings?: readonly Problem[]
  /** What could not be checked, and why. Default: nothing. */
  readonly unchecked?: readonly string[]
}

/**
 * A block for each problem, those of warnings and what could not be checked below them.
 * @param width columns of the terminal; null for no bound.
 */
export function problemsText(
  file: string,
  { problems, warnings = [], unchecked = [] }: Mistakes,
  width: number | null,
): string {
  const parts = [
    ...(problems.length === 0 ? [] : [renderProblems(file, problems)]),
    ...(warnings.length === 0 ? [] : ['warnings', renderProblems(file, warnings)]),
    ...(unchecked.length === 0 ? [] : [`Not checked:\n${unchecked.map(one => `  ${one}`).join('\n')}`]),
  ]
  const lines = parts.join('\n\n').split('\n')
  return `${lines.map(line => wrapLine(line, width, indentOf(line))).join('\n')}\n`
}

/** Further lines begin where the text of the first one does. */
function indentOf(line: string): number {
  return /^ {2}(?:seen|expected|nearest) +/.exec(line)?.[0].length ?? 4
}
