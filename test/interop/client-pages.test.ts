/** The programs in Python on the pages of docs/clients, run as they are but for the address. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { fetchPython } from '../../scripts/python/fetch.ts'
import { programsOf, startClientWorld } from '../support/client-pages.ts'

const world = await startClientWorld({ after })
const env = { ...process.env, ...world.entra.managedIdentity, PYTHONPATH: fetchPython('clients.txt') }

for (const page of ['openai-python.md', 'langchain.md']) {
  const programs = programsOf(page, 'python', world.url)
  for (const [index, program] of programs.entries()) {
    test(`${page}, program ${index + 1} of ${programs.length} in Python: signs in and prints the answer`, async () => {
      const { stdout } = await promisify(execFile)('python3', ['-c', program], { env })
      assert.match(stdout, /Request leave in the HR portal/)
    })
  }
}

test('examples/stream.py prints a streamed answer', async () => {
  const program = fileURLToPath(new URL('../../examples/stream.py', import.meta.url))
  const own = { ...env, TOKEN: await world.token('alice') }
  const { stdout } = await promisify(execFile)('python3', [program, `${world.url}/main/hr-bot`], { env: own })
  assert.match(stdout, /Request leave in the HR portal/)
})
