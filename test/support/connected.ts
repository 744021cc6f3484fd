/** `gatehouse connect` as a process of its own, in front of a world. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type DemoState, writeDemoState } from '../../packages/gateway/src/cli/context.ts'
import { demoAudience, demoDirectory } from '../../packages/simulator/src/directory.ts'
import { azureCliClientId } from '../../packages/simulator/src/index.ts'
import { temporaryDirectory } from './directory.ts'
import { eventually, soon } from './wait.ts'
import type { Scope, World } from './world.ts'

const main = join(import.meta.dirname, '../../packages/gateway/src/cli/main.ts')

export interface Run {
  readonly child: ChildProcess
  readonly out: () => string
  readonly err: () => string
  readonly ended: Promise<unknown>
}

/** A folder in which commands find the world as a demonstration; it is their home, too. */
export async function folderOf(world: World): Promise<string> {
  const folder = temporaryDirectory('connect')
  const state: DemoState = {
    gateway: world.url,
    admin: 'http://127.0.0.1:9',
    authority: world.entra.url,
    tenantId: demoDirectory.tenantId,
    clientId: azureCliClientId,
    scope: `${demoAudience}/.default`,
    certificate: null,
    pid: process.pid,
    people: demoDirectory.people.map(({ name, userPrincipalName, password }) => ({
      name,
      userPrincipalName,
      password,
    })),
    applications: [],
  }
  await writeDemoState(folder, state)
  return folder
}

/** Starts `gatehouse connect ARGS` in a folder; it ends with the scope. `more`: variables of its environment. */
export function connect(
  t: Scope,
  folder: string,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Run {
  const env = { ...process.env, HOME: folder, XDG_STATE_HOME: join(folder, 'state'), ...more }
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const written = { out: '', err: '' }
  child.stdout.on('data', chunk => {
    written.out += String(chunk)
  })
  child.stderr.on('data', chunk => {
    written.err += String(chunk)
  })
  const ended = once(child, 'close')
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { child, out: () => written.out, err: () => written.err, ended }
}

/** Waits for output of a process, which must not end before. */
export function printed(run: Run, form: RegExp): Promise<string> {
  return eventually(
    `output like ${form}`,
    () => {
      if (run.child.exitCode !== null) throw new Error(`it has ended: ${run.err()}`)
      return form.exec(run.out())?.[0] ?? null
    },
    60_000,
  )
}

/** Waits for the end of a process. @returns its exit code. */
export async function finished(run: Run, withinMs = 60_000): Promise<number | null> {
  await soon('the end of gatehouse connect', run.ended, withinMs)
  return run.child.exitCode
}
