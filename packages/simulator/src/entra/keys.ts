/**
 * The signing keys of the sign-in service: RS256, 2048 bits, rotated on demand, kept in a file if the demonstration
 * wants it.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  hash,
  type KeyObject,
  randomBytes,
  sign as signBytes,
} from 'node:crypto'
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'

/** Entra publishes a handful; older ones are dropped. */
const publishedKeysMax = 5

/** The public half, as in a key set (RFC 7517). Entra sets `x5t` to the same value as `kid`. */
export interface PublicKey {
  readonly kty: 'RSA'
  readonly use: 'sig'
  readonly kid: string
  readonly x5t: string
  readonly n: string
  readonly e: string
}

export interface SigningKeys {
  /** Newest first. */
  published(): readonly PublicKey[]
  /** A compact JWS with the newest key. Any value of any claim is signed as it is: tests need wrong ones. */
  sign(claims: Readonly<Record<string, unknown>>): string
  rotate(keepOld: boolean): Promise<void>
  /** 32 bytes, for refresh tokens: they live as long as the keys do. */
  readonly refreshSecret: Buffer
}

/** The key file cannot be used; the message names the file and what to do. */
export class KeysFileError extends Error {
  readonly code = 'keys_file_invalid'
  constructor(path: string, options?: ErrorOptions) {
    super(`${path} does not hold the signing keys of the sign-in simulator. Delete it: new keys are made.`, options)
    this.name = 'KeysFileError'
  }
}

interface Key {
  readonly privateKey: KeyObject
  readonly published: PublicKey
}

const keysFile = z.strictObject({
  version: z.literal(1),
  refreshSecret: z.string().regex(/^[0-9a-f]{64}$/),
  keys: z.array(z.string()).min(1),
})

/** @param directory folder of `signing-keys.json`; null keeps the keys in memory. */
export async function openKeys(directory: string | null): Promise<SigningKeys> {
  const path = directory === null ? null : join(directory, 'signing-keys.json')
  const kept = path === null ? null : await readKeys(path)
  let keys = kept?.keys ?? [await newKey()]
  const refreshSecret = kept?.refreshSecret ?? randomBytes(32)
  if (path !== null && kept === null) await writeKeys(path, keys, refreshSecret)

  return {
    refreshSecret,
    published: () => keys.map(key => key.published),
    sign: claims => signWith(keys[0] as Key, claims),
    async rotate(keepOld) {
      const fresh = await newKey()
      keys = keepOld ? [fresh, ...keys].slice(0, publishedKeysMax) : [fresh]
      if (path !== null) await writeKeys(path, keys, refreshSecret)
    },
  }
}

async function newKey(): Promise<Key> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  return keyOf(privateKey)
}

function keyOf(privateKey: KeyObject): Key {
  const { n, e } = createPublicKey(privateKey).export({ format: 'jwk' })
  if (n === undefined || e === undefined) throw new TypeError('not an RSA key')
  // RFC 7638 requires exactly these members in this order; the thumbprint makes a kid that is stable and identifies its
  // key.
  const kid = hash('sha256', JSON.stringify({ e, kty: 'RSA', n }), 'base64url')
  return { privateKey, published: { kty: 'RSA', use: 'sig', kid, x5t: kid, n, e } }
}

function signWith(key: Key, claims: Readonly<Record<string, unknown>>): string {
  const { kid } = key.published
  const header = { typ: 'JWT', alg: 'RS256', x5t: kid, kid }
  const signed = `${encode(header)}.${encode(claims)}`
  return `${signed}.${signBytes('sha256', Buffer.from(signed), key.privateKey).toString('base64url')}`
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

async function readKeys(path: string): Promise<{ keys: Key[]; refreshSecret: Buffer } | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (text === null) return null
  try {
    const { keys, refreshSecret } = keysFile.parse(JSON.parse(text))
    return { keys: keys.map(pem => keyOf(createPrivateKey(pem))), refreshSecret: Buffer.from(refreshSecret, 'hex') }
  } catch {
    // The cause is left out on purpose: a parser's message may quote the file, and the file is a private key.
    throw new KeysFileError(path)
  }
}

async function writeKeys(path: string, keys: readonly Key[], refreshSecret: Buffer): Promise<void> {
  const pems = keys.map(key => key.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const fresh = `${path}.${randomBytes(6).toString('hex')}.new`
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 })
  await writeFile(fresh, JSON.stringify({ version: 1, refreshSecret: refreshSecret.toString('hex'), keys: pems }), {
    mode: 0o600,
  })
  await chmod(fresh, 0o600)
  await rename(fresh, path)
}
