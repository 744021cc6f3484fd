/** Options of the commands that work on a ledger's directory. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { LedgerError } from '../../ledger/index.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { configFileDefault, readConfig } from './config-file.ts'

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

/** Where a ledger is. */
export interface LedgerPlace {
  readonly directory: string
  /** Bodies of exchanges that began earlier are too old to be shown; 0 where no configuration says so. */
  readonly bodiesFromMs: number
}

/** The ledger that the options name. */
export async function placeOf(context: CliContext, { config, directory }: PlaceOptions): Promise<LedgerPlace> {
  if (directory !== undefined) return { directory: resolve(context.cwd, directory), bodiesFromMs: 0 }
  const { ledger } = (await readConfig(context, config ?? configFileDefault)).config
  return { directory: ledger.directory, bodiesFromMs: context.clock() - ledger.retain.bodies }
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
