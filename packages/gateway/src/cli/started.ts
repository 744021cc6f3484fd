/** How messages and help name this program: as it was started, so that what they say can be typed. */
import { basename, delimiter, dirname } from 'node:path'
import { shellQuoted } from '../shell.ts'

/** Environment variable in which the launcher of a clone says how it was started; it is not passed on. */
export const startedVariable = 'GATEHOUSE_STARTED_AS'

/** What texts in the code call this program. */
export const standardName = 'gatehouse'

/**
 * The name to type: `./gatehouse` in a clone, `gatehouse` where it is installed or found on the PATH.
 * @param env of the process.
 */
export function startedName(env: Readonly<Record<string, string | undefined>>): string {
  const path = env[startedVariable] ?? ''
  if (path === '') return standardName
  if (/[^\w./+@:~-]/.test(path)) return shellQuoted(path)
  // A shell that finds a script on its PATH hands over the whole path, and a person types the last part of it.
  const isOnPath = (env['PATH'] ?? '').split(delimiter).includes(dirname(path))
  return isOnPath ? basename(path) : path
}

/** The text, with the commands in it as they are typed here. Only for texts of people: data stays as it is. */
export function asStarted(text: string, program: string): string {
  if (program === standardName) return text
  return text.replaceAll(/(?<![\w./@-])gatehouse(?= (?:[a-z[<]|--))/g, () => program)
}
