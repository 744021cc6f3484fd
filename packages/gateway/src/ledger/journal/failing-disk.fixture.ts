/** Lets system calls of this process fail, as a failing disk does. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fdatasyncSync, openSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { TestContext } from 'node:test'
import { eventually } from '../../../../../test/support/wait.ts'
import { codeOf } from '../../errors.ts'

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
    if (!said.includes('attached')) continue
    const [, code] = /^error=(\w+)$/.exec(fault) ?? []
    if (path === undefined && code !== undefined && calls.includes('fdatasync')) await failsEverywhere(code)
    return { stop }
  }
  throw new Error(`strace could not attach to this process: ${said}`)
}

/** Waits until calls fail on this thread and on all of the thread pool: strace says first that it is attached. */
async function failsEverywhere(code: string): Promise<void> {
  const handle = await open(import.meta.filename)
  const file = openSync(import.meta.filename, 'r')
  await eventually('every thread is traced', async () => {
    const tries = Array.from({ length: 16 }, () => handle.datasync())
    const codes = (await Promise.allSettled([...tries, here(file)])).map(failureOf)
    return codes.every(found => found === code) || null
  })
  await handle.close()
  closeSync(file)
}

async function here(file: number): Promise<void> {
  fdatasyncSync(file)
}

const failureOf = (result: PromiseSettledResult<void>): string | null =>
  result.status === 'rejected' ? (codeOf(result.reason) ?? null) : null

export const canFailCalls = {
  skip: process.platform === 'linux' ? false : 'system calls are made to fail with strace, which is Linux',
}
