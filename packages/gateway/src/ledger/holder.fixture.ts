import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

/** Opens the ledger in a process of its own, until `release` or the end of the test. Rejects with what it says. */
export async function holdInAnotherProcess(
  t: TestContext,
  directory: string,
): Promise<{ readonly pid: number; readonly release: () => Promise<void> }> {
  const program = fileURLToPath(new URL('./writer.fixture.ts', import.meta.url))
  const child = spawn(process.execPath, [program, directory, '0'], { stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  const exited = once(child, 'close')
  let errors = ''
  child.stderr.on('data', text => {
    errors += String(text)
  })
  let isReady = false
  for await (const line of createInterface({ input: child.stdout })) {
    isReady = line === 'ready'
    if (isReady) break
  }
  if (!isReady) {
    await exited
    throw new Error(`the process did not open the ledger: ${errors}`)
  }
  return {
    pid: child.pid ?? 0,
    release: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}
