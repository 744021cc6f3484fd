/** The programs on the pages of docs/clients, and a world in which they run as they are but for the address. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { demoDirectory } from '../../packages/simulator/src/directory.ts'
import { type Scope, startWorld, type World } from './world.ts'

const folder = join(import.meta.dirname, '../../docs/clients')
const address = 'https://gatehouse.contoso.com'

/**
 * Blocks of one language on a page, in their order, with the address of the gateway in them.
 * @param name as `curl.md`.
 */
export function programsOf(name: string, language: string, gateway: string): readonly string[] {
  const page = readFileSync(join(folder, name), 'utf8')
  const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
  const found = blocks.filter(([, of]) => of === language).map(([, , text = '']) => text.replaceAll(address, gateway))
  assert.ok(found.length > 0, `${name} has no ${language}`)
  return found
}

/** A world in which the identity that Azure's credential chain finds may call as workload hr-bot. */
export function startClientWorld(t: Scope): Promise<World> {
  const app = demoDirectory.applications.find(({ name }) => name === 'gatehouse-gateway')?.appId
  assert.ok(app !== undefined)
  return startWorld(t, {
    change(config) {
      const { 'hr-bot': hrBot, ...others } = config.workloads
      assert.ok(hrBot)
      return { ...config, workloads: { ...others, 'hr-bot': { ...hrBot, callers: [...hrBot.callers, { app }] } } }
    },
  })
}
