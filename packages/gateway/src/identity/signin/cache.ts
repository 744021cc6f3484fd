/**
 * Tokens of people who signed in, in a file that only they can read. The file is written in one step; when two commands
 * write at once, the later one wins, and only a refresh is lost.
 */
import { randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { z } from 'zod'
import { hasRights, isForeign, openToOthers, PrivateFileError, readPrivateFile } from '../../private-file.ts'
import type { SignedIn, SignInSettings } from './client.ts'
import { SignInError } from './errors.ts'

const fileBytesMax = 4 * 1024 * 1024

const entry = z.object({
  authority: z.string(),
  tenantId: z.string(),
  clientId: z.string(),
  scope: z.string(),
  account: z.string(),
  accessToken: z.string(),
  expiresAtMs: z.number(),
  refreshToken: z.string().nullable(),
})
const tokenFile = z.object({ version: z.literal(1), tokens: z.array(entry) })

/** A person's tokens for one scope. */
export type CachedToken = Readonly<z.infer<typeof entry>>

/** The service, tenant and client that an entry belongs to; its scope and account are separate. */
type Realm = Pick<SignInSettings, 'authority' | 'tenantId' | 'clientId'>

export interface TokenCache {
  /** Newest sign-in first. */
  of(realm: Realm): Promise<readonly CachedToken[]>
  /** Replaces the entry with the same realm, account and scope. */
  put(settings: SignInSettings, account: string, token: SignedIn): Promise<void>
  /** Forgets an account of a realm; without an account, all of them. */
  forget(realm?: Realm, account?: string): Promise<void>
}

/** `$XDG_STATE_HOME/gatehouse`, else `~/.local/state/gatehouse` (XDG Base Directory: a relative value is ignored). */
export function stateDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const state = env.XDG_STATE_HOME
  const base = state !== undefined && isAbsolute(state) ? state : join(env.HOME ?? homedir(), '.local', 'state')
  return join(base, 'gatehouse')
}

/** @param warn Called when the file does not have the expected form; the sign-ins in it are lost then. */
export function openTokenCache(directory: string, warn: (message: string) => void): TokenCache {
  const path = join(directory, 'tokens.json')
  return {
    async of(realm) {
      return (await readTokens(path, warn)).filter(token => inRealm(token, realm))
    },
    async put(settings, account, token) {
      const { authority, tenantId, clientId, scope } = settings
      const { accessToken, expiresAtMs, refreshToken } = token
      const fresh = { authority, tenantId, clientId, scope, account, accessToken, expiresAtMs, refreshToken }
      const others = (await readTokens(path, warn)).filter(
        old => !(inRealm(old, settings) && old.scope === scope && old.account === account),
      )
      await writeTokens(directory, path, [fresh, ...others])
    },
    async forget(realm, account) {
      if (realm === undefined) return rm(path, { force: true })
      const kept = (await readTokens(path, warn)).filter(
        token => !(inRealm(token, realm) && (account === undefined || token.account === account)),
      )
      await writeTokens(directory, path, kept)
    },
  }
}

function inRealm(token: CachedToken, realm: Realm): boolean {
  return token.authority === realm.authority && token.tenantId === realm.tenantId && token.clientId === realm.clientId
}

async function readTokens(path: string, warn: (message: string) => void): Promise<readonly CachedToken[]> {
  const text = await readPrivate(path)
  if (text === null) return []
  try {
    return tokenFile.parse(JSON.parse(text)).tokens
  } catch {
    // The reason is left out on purpose: a parser's message may quote the file.
    warn(`${path} is not a token file; it is taken as empty. Sign in again: gatehouse login`)
    return []
  }
}

/** Text of a file that only its user may read; null when there is none. */
async function readPrivate(path: string): Promise<string | null> {
  try {
    return await readPrivateFile(path, fileBytesMax)
  } catch (cause) {
    if (!(cause instanceof PrivateFileError)) throw cause
    if (cause.problem !== 'exposed') throw unusable(path, cause.message, cause)
    throw new SignInError('token_file_exposed', `${path}: ${cause.message}, so its tokens may be known to them.`, {
      next: `rm ${path} && gatehouse login`,
      cause,
    })
  }
}

async function writeTokens(directory: string, path: string, tokens: readonly CachedToken[]): Promise<void> {
  const fresh = `${path}.${randomBytes(6).toString('hex')}.new`
  try {
    await makePrivateDirectory(directory)
    await writeFile(fresh, `${JSON.stringify({ version: 1, tokens })}\n`, { mode: 0o600, flag: 'wx' })
    await rename(fresh, path)
  } catch (cause) {
    await rm(fresh, { force: true }).catch(() => {})
    if (cause instanceof SignInError) throw cause
    throw unusable(path, (cause as NodeJS.ErrnoException).code ?? 'it cannot be written', cause)
  }
}

/** Rights of the directory that are too loose expose only names, so they are corrected instead of refused. */
async function makePrivateDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const facts = await lstat(directory)
  if (!facts.isDirectory() || isForeign(facts)) throw unusable(directory, 'it is not a directory of yours')
  if (hasRights(facts, openToOthers)) await chmod(directory, 0o700)
}

function unusable(path: string, reason: string, cause?: unknown): SignInError {
  return new SignInError('token_file_unusable', `${path} cannot be used: ${reason}.`, {
    cause,
    next: 'remove it, or set XDG_STATE_HOME to a directory of yours',
  })
}
