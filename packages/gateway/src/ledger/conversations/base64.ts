/** Bytes that come in pieces as one text in base64. */
export class Base64Pieces {
  #rest: Buffer = Buffer.alloc(0)

  /** The text of all bytes so far that make whole groups of three. */
  push(piece: Buffer): string {
    const bytes = this.#rest.byteLength === 0 ? piece : Buffer.concat([this.#rest, piece])
    const whole = bytes.byteLength - (bytes.byteLength % 3)
    this.#rest = Buffer.from(bytes.subarray(whole))
    return bytes.toString('base64', 0, whole)
  }

  /** The text of what is left. */
  end(): string {
    return this.#rest.toString('base64')
  }
}
