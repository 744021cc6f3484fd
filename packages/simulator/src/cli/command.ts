/**
 * The options and the start of one instance, for programs that have a command of their own, as `gatehouse simulate`.
 * Light: the simulator itself is loaded when an instance is started.
 */
import type { AzureSimulator } from '../types.ts'
import { CommandError } from './errors.ts'
import { checked, type OptionRow, optionNames, optionRows, type Values } from './options.ts'

export { CommandError, type OptionRow }

/** By name, without its dashes: the options of one instance. */
export const instanceOptions: ReadonlyMap<string, OptionRow> = new Map(
  optionNames
    .filter(name => optionRows[name].of === 'azure' && name !== 'instances')
    .map(name => [name, optionRows[name]]),
)

/**
 * @param values Options of `instanceOptions` as they were typed; absent ones have their defaults.
 * @throws CommandError when a value is wrong, or the port cannot be used.
 */
export async function startInstance(values: Values): Promise<AzureSimulator> {
  const given = checked(values, new Set(['azure']))
  const { start } = await import('./start.ts')
  const [instance] = (await start(given)).azure
  if (instance === undefined) throw new TypeError('one instance was to be started')
  return instance
}
