/**
 * `.gatehouse/demo.json`: what a running demonstration tells the commands typed beside it. It holds secrets of the
 * simulator alone, which open nothing else, and is readable only by the user all the same.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { isLoopback } from '../../identity/authority.ts'
import { PrivateFileError, readPrivateFile, requireOwnDirectory } from '../../private-file.ts'
import { CliError } from '../errors.ts'

const stateBytesMax = 1_048_576

/** A demonstration runs on this machine; an address elsewhere would be handed its reader's tokens. */
const ownAddress = z.url().refine(url => isLoopback(new URL(url).hostname), 'an address of this machine')

const demoState = z.object({
  /** Base URLs, without a trailing slash. */
  gateway: ownAddress,
  admin: ownAddress,
  authority: ownAddress,
  tenantId: z.string(),
  /** The public client with which people sign in. */
  clientId: z.string(),
  /** As `api://gatehouse/.default`. */
  scope: z.string(),
  /** PEM with which its sign-in service speaks TLS; null without. */
  certificate: z.string().nullable().default(null),
  /** Of the process that wrote the file: when it is gone, the demonstration is over. */
  pid: z.int().positive(),
  people: z.array(z.object({ name: z.string(), userPrincipalName: z.string(), password: z.string() })),
  applications: z.array(z.object({ name: z.string(), appId: z.string(), secret: z.string() })),
})
export type DemoState = Readonly<z.infer<typeof demoState>>

/** Who `--as` stands for when it is not given: carol may read everything that there is to see. */
export const demoReader = 'carol'

function statePath(directory: string): string {
  return join(directory, '.gatehouse', 'demo.json')
}

/** Writes the state into `directory`, in one step, so that a reader never sees half of it. */
export async function writeDemoState(directory: string, state: DemoState): Promise<void> {
  const path = statePath(directory)
  const fresh = `${path}.${randomBytes(6).toString('hex')}.new`
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await writeFile(fresh, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  await rename(fresh, path)
}

/** Takes the state away again, unless another demonstration has written its own since. */
export async function removeDemoState(directory: string, pid: number): Promise<void> {
  const state = await readTrusted(statePath(directory), () => {})
  if (state?.pid === pid) await rm(statePath(directory), { force: true })
}

/**
 * The state of the demonstration that runs in `directory` or in one of its parents; null when none does. A file that
 * another user wrote, or could have written, is passed over: it could send the reader's secrets and tokens to addresses
 * of that user's choosing.
 * @param warn told of each file that is passed over.
 * @throws CliError `demo_state_invalid`
 */
export async function findDemoState(directory: string, warn: (message: string) => void): Promise<DemoState | null> {
  for (let at = directory; ; at = dirname(at)) {
    const state = await readTrusted(statePath(at), warn)
    if (state !== null && isRunning(state.pid)) return state
    if (at === dirname(at)) return null
  }
}

async function readTrusted(path: string, warn: (message: string) => void): Promise<DemoState | null> {
  try {
    const state = await readState(path)
    if (state !== null) await requireOwnDirectory(dirname(path))
    return state
  } catch (error) {
    if (!(error instanceof PrivateFileError)) throw error
    if (error.problem !== 'unreadable') warn(`${path} is not used: ${error.message}.`)
    return null
  }
}

async function readState(path: string): Promise<DemoState | null> {
  const text = await readPrivateFile(path, stateBytesMax)
  if (text === null) return null
  try {
    return demoState.parse(JSON.parse(text))
  } catch (cause) {
    throw new CliError(
      'demo_state_invalid',
      `${path} is not the state of a demonstration.`,
      'It was changed by hand, or written by another version.',
      `rm ${path}`,
      { cause },
    )
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // The process is there, and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
