/**
 * A configuration's file and what holds it, for tests. Run as a program, `node held.fixture.ts DIRECTORY [between]`, it
 * applies one text after the other and prints a line after each, until it is killed; with `between` it kills itself.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../clock.ts'
import { silentLog } from '../../log.ts'
import { loadConfig } from '../load.ts'
import type { Config } from '../schema/index.ts'
import { type ConfigurationParts, type HeldConfiguration, openConfiguration } from './open.ts'

export const secret = 'a-key-of-an-instance-0123456789'

export const base = `# The gateway of a test.
admin: { applyConfiguration: true }
identity: { entra: { tenants: [11111111-2222-3333-4444-555555555555], audiences: [api://own] } }
instances:
  one:
    endpoint: https://one.openai.azure.com
    credential: { key: ${secret} }
    deployments: { gpt-4o: { model: gpt-4o } }
workloads:
  bot: { callers: [{ role: Bot.Use }], targets: [one], deployments: [gpt-4o], limits: { tokensPerMinute: 1000 } }
`

/** Two texts of very different length, so that a file that is half of one shows. */
export const shorter = base.replace('1000', '2000')
export const longer = `${shorter}# ${'and so on '.repeat(20_000)}\n`

export interface Opened {
  readonly held: HeldConfiguration
  /** Every configuration that was taken, oldest first. */
  readonly taken: Config[]
}

/** Holds `gatehouse.yaml` in a directory, with the history beside it. */
export async function openHeld(directory: string, changes: Partial<ConfigurationParts> = {}): Promise<Opened> {
  const loaded = await loadConfig(join(directory, 'gatehouse.yaml'), {})
  const taken: Config[] = []
  const held = await openConfiguration({
    ...{ loaded, env: {}, directory: join(directory, 'ledger'), clock: systemClock, log: silentLog },
    isAllowed: () => true,
    columns: () => [],
    validate: () => {},
    waiting: () => [],
    isCurrent: () => true,
    reload(config) {
      taken.push(config)
      return []
    },
    ...changes,
  })
  return { held, taken }
}

/** Applies a text as the file is now. */
export async function applyTo(held: HeldConfiguration, text: string): Promise<void> {
  const { file } = await held.report()
  const prepared = await held.prepare(text, file.hash ?? '', { by: 'user:t/erin', name: 'erin' })
  await prepared.commit()
}

if (import.meta.main) {
  const [, , directory = '', when] = process.argv
  // A configuration is taken when its text is beside the file, before it is renamed.
  const reload = (): readonly string[] => {
    if (when === 'between') process.kill(process.pid, 'SIGKILL')
    return []
  }
  const { held } = await openHeld(directory, { reload })
  for (let turn = 0; ; turn += 1) {
    await applyTo(held, turn % 2 === 0 ? longer : shorter)
    process.stdout.write(`${(await readFile(join(directory, 'gatehouse.yaml'))).length}\n`)
  }
}
