import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

/** Opens the ledger in a process of its own, until `release` or the end of the test. */
export async function holdInAnotherProcess(
  t: TestContext,
  directory: string,
): Promise<{ readonly pid: number; readonly release: () => Promise<void> }> {
  const program = fileURLToPath(new URL('./writer.fixture.ts', import.meta.url))
  const child = spawn(process.execPath, [program, directory, '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  for await (const line of createInterface({ input: child.stdout })) if (line === 'ready') break
  const exited = once(child, 'exit')
  return {
    pid: child.pid ?? 0,
    release: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}
