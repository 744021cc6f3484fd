/**
 * `.gatehouse/demo.json`: state of a running demonstration for commands typed in its directory. It contains only
 * secrets of the simulator, which open nothing else; still only the user can read it.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { z } from 'zod'
import { isLoopback } from '../../identity/authority.ts'
import { PrivateFileError, readPrivateFile, requireOwnDirectory } from '../../private-file.ts'
import { CliError } from '../errors.ts'

const stateBytesMax = 1_048_576

/** A demonstration runs on this machine; an address elsewhere would receive the reader's tokens. */
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
  /** Process id of the writer: when that process is gone, the demonstration is over. */
  pid: z.int().positive(),
  people: z.array(z.object({ name: z.string(), userPrincipalName: z.string(), password: z.string() })),
  applications: z.array(z.object({ name: z.string(), appId: z.string(), secret: z.string() })),
})
export type DemoState = Readonly<z.infer<typeof demoState>>

/** Default of `--as`: carol may read everything. */
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

/** Removes the state, unless another demonstration has replaced it. */
export async function removeDemoState(directory: string, pid: number): Promise<void> {
  const state = await readTrusted(statePath(directory), () => {})
  if (state?.pid === pid) await rm(statePath(directory), { force: true })
}

/**
 * The state of the demonstration that runs in `directory` or in one of its parents; null when none does. A file that
 * another user wrote, or could have written, is ignored: it could send the reader's secrets and tokens to addresses of
 * that user's choosing.
 * @param warn called for each ignored file.
 * @throws CliError `demo_state_invalid`
 */
export async function findDemoState(directory: string, warn: (message: string) => void): Promise<DemoState | null> {
  for (let at = directory; ; at = dirname(at)) {
    const state = await readTrusted(statePath(at), warn)
    if (state !== null && isRunning(state.pid)) return state
    if (at === dirname(at)) return null
  }
}

/** The state of the demonstration that runs in `directory` itself; null when none does. */
export async function demoStateIn(directory: string): Promise<DemoState | null> {
  const state = await readTrusted(statePath(directory), () => {})
  return state !== null && isRunning(state.pid) ? state : null
}

/** The demonstration's sign-in service has its own certificate, named in a file that belongs to the user. */
export function trustDemo({ certificate }: DemoState): void {
  if (certificate !== null) setDefaultCACertificates([...getCACertificates('default'), certificate])
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
    // The process exists and belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
