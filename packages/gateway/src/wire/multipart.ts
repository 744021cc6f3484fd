/**
 * Reads a multipart form (RFC 7578) as it comes, strictly: a form that two readers could split into different parts is
 * an error. A part begins only after the boundary and CRLF, nothing comes before the first part or after the last one,
 * head lines are not folded, and the boundary occurs nowhere else.
 */

export interface PartHead {
  /** As it is written, without the quotation marks around it. */
  readonly name: string
  /** Null for a field; a file's name, also the one of `filename*`, is not needed and may be empty. */
  readonly filename: string | null
  /** Content-Type of the part; empty where it has none. */
  readonly type: string
}

/** Gets the parts of a form in order. Offsets are those of the whole form. */
export interface PartSink {
  begin(head: PartHead, start: number): void
  /** A piece of the part's content; the bytes belong to the form. */
  content(bytes: Buffer): void
  /** @param end Offset after the content. */
  end(end: number): void
}

export class MultipartError extends Error {
  /** For too many parts: how many are allowed. 0 for all other errors. */
  readonly partsMost: number
  constructor(reason: string, partsMost = 0) {
    super(reason)
    this.name = 'MultipartError'
    this.partsMost = partsMost
  }
}

const headBytesMax = 16_384
/** No form of the API has a hundred. */
const partsMax = 1_000
const headEnd = Buffer.from('\r\n\r\n')
const nothing = Buffer.alloc(0)

export class MultipartReader {
  readonly #delimiter: Buffer
  readonly #sink: PartSink
  #state: 'start' | 'head' | 'content' | 'done' = 'start'
  /** Bytes that cannot be classified yet, and the offset of the first one. */
  #rest: Buffer = nothing
  #offset = 0
  #parts = 0

  constructor(boundary: string, sink: PartSink) {
    this.#delimiter = Buffer.from(`--${boundary}`)
    this.#sink = sink
  }

  /** @throws MultipartError */
  write(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const used = this.#read(bytes)
    this.#rest = bytes.subarray(used)
    this.#offset += used
  }

  /** @throws MultipartError when the form has no end */
  end(): void {
    if (this.#state !== 'done') throw new MultipartError('it breaks off')
  }

  /** @returns how many bytes were used. */
  #read(bytes: Buffer): number {
    let at = 0
    for (;;) {
      const next = this.#step(bytes, at)
      if (next === null) return at
      at = next
      if (this.#state === 'done' && at === bytes.length) return at
    }
  }

  /** @returns the offset after the step; null where more bytes are needed. */
  #step(bytes: Buffer, at: number): number | null {
    switch (this.#state) {
      case 'start':
        return this.#start(bytes, at)
      case 'head':
        return this.#head(bytes, at)
      case 'content':
        return this.#content(bytes, at)
      case 'done':
        return this.#done(bytes, at)
      default:
        return this.#state satisfies never
    }
  }

  #start(bytes: Buffer, at: number): number | null {
    const length = this.#delimiter.length
    if (bytes.length - at < length + 2) return null
    if (!bytes.subarray(at, at + length).equals(this.#delimiter)) {
      throw new MultipartError('it does not begin with its boundary')
    }
    return this.#behindDelimiter(bytes, at + length)
  }

  /** CRLF begins a part and `--` ends the form. With anything else it is not certain that this is a boundary. */
  #behindDelimiter(bytes: Buffer, at: number): number {
    if (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) this.#state = 'head'
    else if (bytes[at] === 0x2d && bytes[at + 1] === 0x2d) this.#state = 'done'
    else throw new MultipartError('the boundary is followed by something else')
    return at + 2
  }

  #head(bytes: Buffer, at: number): number | null {
    const end = bytes.indexOf(headEnd, at)
    if ((end === -1 ? bytes.length : end) - at > headBytesMax)
      throw new MultipartError('the head of a part is too large')
    if (end === -1) return null
    this.#parts += 1
    if (this.#parts > partsMax) throw new MultipartError('it has too many parts', partsMax)
    const start = end + headEnd.length
    this.#sink.begin(readHead(bytes.toString('latin1', at, end)), this.#offset + start)
    this.#state = 'content'
    return start
  }

  #content(bytes: Buffer, at: number): number | null {
    const delimiter = this.#delimiter
    const found = bytes.indexOf(delimiter, at)
    // A boundary may begin at the end of the bytes, and the CRLF before it is no content.
    const certain = found === -1 ? bytes.length - delimiter.length - 1 : found - 2
    const isWhole = found !== -1 && found + delimiter.length + 2 <= bytes.length
    if (found !== -1 && (certain < at || bytes[certain] !== 0x0d || bytes[certain + 1] !== 0x0a)) {
      throw new MultipartError('the boundary stands within a part')
    }
    if (!isWhole) {
      if (certain <= at) return null
      this.#sink.content(bytes.subarray(at, certain))
      return certain
    }
    if (certain > at) this.#sink.content(bytes.subarray(at, certain))
    this.#sink.end(this.#offset + certain)
    return this.#behindDelimiter(bytes, found + delimiter.length)
  }

  #done(bytes: Buffer, at: number): number {
    for (let index = at; index < bytes.length; index += 1) {
      if (bytes[index] !== 0x0d && bytes[index] !== 0x0a) throw new MultipartError('there are bytes after its end')
    }
    return bytes.length
  }
}

const headLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)$/
const parameter =
  /[ \t]*;[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:"((?:[^"\\]|\\[\s\S])*)"|([!#$%&'*+.^_`|~0-9A-Za-z[\]-]+))/y

/** @param text Latin-1, one character per byte. */
function readHead(text: string): PartHead {
  const fields = new Map<string, string>()
  for (const line of text.split('\r\n')) {
    const [, name, value] = headLine.exec(line) ?? []
    if (name === undefined || value === undefined || /[\r\n\0]/.test(line)) {
      throw new MultipartError('the head of a part cannot be read')
    }
    if (fields.has(name.toLowerCase())) throw new MultipartError(`a part has ${name} twice`)
    fields.set(name.toLowerCase(), value)
  }
  const encoding = fields.get('content-transfer-encoding') ?? 'binary'
  if (!/^(?:7bit|8bit|binary)$/i.test(encoding.trim())) throw new MultipartError('a part is encoded')
  return { ...readDisposition(fields.get('content-disposition') ?? ''), type: fields.get('content-type') ?? '' }
}

function readDisposition(value: string): { name: string; filename: string | null } {
  const [type = ''] = value.split(';', 1)
  if (type.trim().toLowerCase() !== 'form-data') throw new MultipartError('a part is no form-data')
  const parameters = new Map<string, string>()
  for (let at = type.length; at < value.trimEnd().length; at = parameter.lastIndex) {
    parameter.lastIndex = at
    const found = parameter.exec(value)
    if (found === null) throw new MultipartError('the name of a part cannot be read')
    const [, written = '', quoted, token = ''] = found
    const key = written.toLowerCase()
    if (parameters.has(key)) throw new MultipartError(`a part has ${key} twice`)
    parameters.set(key, quoted ?? token)
  }
  const name = parameters.get('name')
  // RFC 7578 section 4.2 forbids name*. Some readers take a backslash for an escape, others for itself.
  if (name === undefined || parameters.has('name*') || name.includes('\\')) {
    throw new MultipartError('a part has no name that is read in one way')
  }
  return {
    name: Buffer.from(name, 'latin1').toString(),
    filename: parameters.get('filename') ?? parameters.get('filename*') ?? null,
  }
}

/**
 * The form with one more field at its front. The form must be valid for `MultipartReader`: it begins with its boundary.
 */
export function withField(form: Buffer, boundary: string, name: string, value: string): Buffer {
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  return Buffer.concat([Buffer.from(head), form])
}
