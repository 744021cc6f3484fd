/**
 * The programs in JavaScript and the commands on the pages of docs/clients, run as they are but for the address. The
 * libraries are those that the repository has.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { programsOf, startClientWorld } from '../support/client-pages.ts'
import { compileCache } from '../support/compile-cache.ts'

const world = await startClientWorld({ after })

// Programs find their libraries from the folder in which they are.
const cache = join(import.meta.dirname, '../../node_modules/.cache')
await mkdir(cache, { recursive: true })
const folder = await mkdtemp(join(cache, 'client-pages-'))
after(() => rm(folder, { recursive: true, force: true }))

async function run(command: string, args: readonly string[], more: Readonly<Record<string, string>>): Promise<string> {
  const env = { ...compileCache, HOME: folder, PATH: `${folder}:${process.env['PATH']}`, ...more }
  const { stdout } = await promisify(execFile)(command, args, { env, cwd: folder, maxBuffer: 2 ** 24 })
  return stdout
}

const answer = /Request leave in the HR portal/

for (const page of ['openai-node.md', 'vercel-ai-sdk.md', 'langchain.md']) {
  const count = programsOf(page, 'js', world.url).length
  for (const [index, program] of programsOf(page, 'js', world.url).entries()) {
    // The first thing that a developer does with a page is to paste its program.
    test(`${page}, program ${index + 1} of ${count} in JavaScript: signs in and prints the answer`, async () => {
      const file = join(folder, `${crypto.randomUUID()}.mjs`)
      await writeFile(file, program)
      assert.match(await run(process.execPath, [file], world.entra.managedIdentity), answer)
    })
  }
}

test('curl.md: every command prints an answer', async () => {
  const token = await world.token('alice')
  // Programs of these names, which print what the real ones would print for the arguments of the page.
  const wanted = { gatehouse: 'token', az: 'account get-access-token --scope api://gatehouse/.default *' }
  for (const [name, args] of Object.entries(wanted)) {
    const script = `#!/bin/sh\ncase "$*" in ${args.replaceAll(' ', '\\ ')}) echo ${token};; esac\n`
    await writeFile(join(folder, name), script, { mode: 0o755 })
  }
  const commands = programsOf('curl.md', 'sh', world.url)
  assert.equal(commands.length, 4)
  for (const command of commands)
    assert.match(await run('sh', ['-c', command], {}), /"object": ?"chat\.completion"|response\.completed/)
})
