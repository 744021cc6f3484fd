/** Lets system calls of this process fail, as a failing disk does. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'

export interface FailingCalls {
  /** They succeed again. */
  stop(): Promise<void>
}

/**
 * @param calls system calls, as `fdatasync,fsync`.
 * @param fault what happens to them in the words of strace, as `error=EIO`.
 * @param path only for this file; without it for every file.
 */
export async function failCalls(t: TestContext, calls: string, fault: string, path?: string): Promise<FailingCalls> {
  const which = ['-e', `trace=${calls}`, ...(path === undefined ? [] : ['-P', path])]
  const args = ['-f', '-p', String(process.pid), ...which, '-e', `inject=${calls}:${fault}`]
  const child = spawn('strace', [...args, '-o', '/dev/null'], { stdio: ['ignore', 'ignore', 'pipe'] })
  const exited = once(child, 'exit')
  const stop = async (): Promise<void> => {
    child.kill('SIGINT')
    await exited
  }
  t.after(stop)
  let said = ''
  for await (const chunk of child.stderr) {
    said += String(chunk)
    if (said.includes('attached')) return { stop }
  }
  throw new Error(`strace could not attach to this process: ${said}`)
}

export const canFailCalls = {
  skip: process.platform === 'linux' ? false : 'system calls are made to fail with strace, which is Linux',
}
