/** Multipart forms: fields are text, files are named. */
import { MultipartError, MultipartReader, type PartHead, type PartSink } from '../multipart.ts'
import { type Attachment, type Message, messageOf } from './message.ts'
import { joined } from './parts.ts'
import { bytesAttachment } from './plain.ts'

/** Longest text of a field. Fields of the API are short; what is longer is named like a file. */
const fieldBytesMax = 1_048_576
/** The field that is what people read. */
const spoken = 'prompt'

export function formMessage(contentType: string, form: Buffer): Message {
  const parts = new FormParts()
  const boundary = /;\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType)
  const named = bytesAttachment(contentType, form.byteLength)
  if (boundary === null) return messageOf('user', { attachments: [named] })
  try {
    const reader = new MultipartReader(boundary[1] ?? boundary[2] ?? '', parts)
    reader.write(form)
    reader.end()
  } catch (error) {
    if (!(error instanceof MultipartError)) throw error
    // Parts before the place where it breaks off are there; the rest is named as a whole.
    return messageOf('user', { text: parts.text, attachments: [...parts.files, named] })
  }
  return messageOf('user', { text: parts.text, attachments: parts.files })
}

class FormParts implements PartSink {
  readonly files: Attachment[] = []
  readonly #lines: string[] = []
  #head: PartHead | null = null
  #content: Buffer[] = []
  #bytes = 0

  get text(): string {
    return joined(this.#lines)
  }

  begin(head: PartHead): void {
    this.#head = head
    this.#content = []
    this.#bytes = 0
  }

  content(bytes: Buffer): void {
    this.#bytes += bytes.byteLength
    if (this.#head?.filename === null && this.#bytes <= fieldBytesMax) this.#content.push(bytes)
  }

  end(): void {
    if (this.#head === null) return
    const { name, filename, type } = this.#head
    if (filename !== null || this.#bytes > fieldBytesMax) {
      const shown = filename === null ? name : Buffer.from(filename, 'latin1').toString('utf8')
      this.files.push(bytesAttachment(type === '' ? null : type, this.#bytes, shown))
      return
    }
    const value = Buffer.concat(this.#content).toString('utf8')
    this.#lines.push(name === spoken ? value : `${name}: ${value}`)
  }
}
