/**
 * Encrypted content: a text that an instance hands out and takes back later, above all reasoning. Its form is a Fernet
 * token (version, time, initialisation vector, AES-128-CBC, HMAC-SHA-256, as base64url), because the service's tokens
 * begin and look like one.
 */
import { createCipheriv, createDecipheriv, createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto'

const versionByte = 0x80
const headBytes = 25
const macBytes = 32

export class Seal {
  readonly #signing: Buffer
  readonly #encrypting: Buffer

  /** `secret` has 32 bytes. Only an instance with the same secret can open what this one sealed. */
  constructor(secret: Buffer) {
    this.#signing = secret.subarray(0, 16)
    this.#encrypting = secret.subarray(16, 32)
  }

  /** `salt` decides the initialisation vector: equal salts give equal tokens for equal texts. */
  seal(text: string, atSeconds: number, salt: string): string {
    const head = Buffer.alloc(headBytes)
    head[0] = versionByte
    head.writeBigUInt64BE(BigInt(atSeconds), 1)
    hash('sha256', salt, 'buffer').copy(head, 9, 0, 16)
    const cipher = createCipheriv('aes-128-cbc', this.#encrypting, head.subarray(9))
    const signed = Buffer.concat([head, cipher.update(text, 'utf8'), cipher.final()])
    return withPadding(Buffer.concat([signed, this.#mac(signed)]).toString('base64url'))
  }

  /** Null for a text that this instance did not seal. */
  open(token: string): string | null {
    const bytes = Buffer.from(token, 'base64url')
    if (bytes[0] !== versionByte || bytes.length < headBytes + 16 + macBytes) return null
    const signed = bytes.subarray(0, -macBytes)
    if (!timingSafeEqual(this.#mac(signed), bytes.subarray(-macBytes))) return null
    const decipher = createDecipheriv('aes-128-cbc', this.#encrypting, signed.subarray(9, headBytes))
    return decipher.update(signed.subarray(headBytes), undefined, 'utf8') + decipher.final('utf8')
  }

  #mac(signed: Buffer): Buffer {
    return createHmac('sha256', this.#signing).update(signed).digest()
  }
}

function withPadding(base64url: string): string {
  return base64url + '='.repeat((4 - (base64url.length % 4)) % 4)
}

/**
 * The secret of an instance: from its seed and name if it has a seed, so that equal runs give equal bytes; else a new
 * one.
 */
export function instanceSecret(seed: number | null, name: string): Buffer {
  return seed === null ? randomBytes(32) : hash('sha256', `seal ${seed} ${name}`, 'buffer')
}
