/** The configuration file of a command: its option, and what is said when it cannot be used. */
import { resolve } from 'node:path'
import { Option } from 'commander'
import { type LoadedConfig, loadConfig } from '../../config/load.ts'
import { ConfigError, countOf, problemLine } from '../../config/messages.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { problemsText } from '../terminal/problems.ts'
import { columnsIn } from '../terminal/wrap.ts'

export const configFileDefault = 'gatehouse.yaml'

export function configOption(): Option {
  return new Option('-c, --config <file>', 'configuration file').default(configFileDefault)
}

/**
 * Loads a configuration for a command. Prints what is wrong with it, all of it, to standard error.
 * @throws CliError `config_unreadable`, `config_invalid`
 */
export async function readConfig(context: CliContext, file: string): Promise<LoadedConfig> {
  try {
    // Columns belong to the table of fields, which the configuration does not know.
    const { feedColumns } = await import('../../house/feeds.ts')
    return await loadConfig(resolve(context.cwd, file), context.env, { columns: feedColumns })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    if (!context.json && error.code === 'config_invalid') {
      context.stderr.write(`${problemsText(file, error, columnsIn(context.stderr))}\n`)
    }
    throw failure(error, file, context.json)
  }
}

/** @param json No other output names the problems then. */
function failure(error: ConfigError, file: string, json: boolean): CliError {
  const [problem] = error.problems
  const why = problem === undefined ? null : problemLine(problem)
  if (error.code === 'config_unreadable') {
    return new CliError(error.code, `${file} cannot be read.`, why, `gatehouse config init ${file}`, { cause: error })
  }
  const what = `${countOf(error.problemCount)} in ${file}`
  const next = `fix it, then gatehouse config check ${file}`
  return new CliError(error.code, what, json && why !== null ? `The first: ${why}` : null, next, { cause: error })
}
