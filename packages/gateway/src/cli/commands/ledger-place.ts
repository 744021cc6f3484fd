/** Options of the commands that work on a ledger's directory. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { LedgerError } from '../../ledger/index.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { configFileDefault, readConfig } from './config.ts'

export interface PlaceOptions {
  readonly config?: string
  readonly directory?: string
}

/** Adds the options that say which ledger. */
export function addPlaceOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', `configuration that names the ledger (default: ${configFileDefault})`)
    .option('--directory <path>', 'directory of the ledger itself, instead of a configuration')
}

/** Directory of the ledger that the options name. */
export async function directoryOf(context: CliContext, { config, directory }: PlaceOptions): Promise<string> {
  if (directory !== undefined) return resolve(context.cwd, directory)
  return (await readConfig(context, config ?? configFileDefault)).config.ledger.directory
}

/** What each fault of a ledger leaves to do. */
const nextSteps: Partial<Record<LedgerError['code'], string>> = {
  ledger_in_use: 'stop the gateway, then the same again',
  ledger_corrupt: 'gatehouse ledger rebuild --without-old',
  ledger_directory: 'gatehouse ledger check --directory PATH, with the directory that has journal/',
}

/** Faults of a ledger in three lines. */
export async function asCliError<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error
    const next = nextSteps[error.code] ?? null
    throw new CliError(error.code, 'This cannot be done with the ledger.', error.message, next, { cause: error })
  }
}
