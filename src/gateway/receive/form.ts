import type { Reference } from '../../wire/references.ts'
import { Refusal } from '../refusals.ts'

export interface FormFacts {
  readonly model: string | null
  readonly stream: boolean
}

/**
 * `model` and `stream` of a multipart form (RFC 7578), read with the runtime's own form parser. Only uploads to v1 come here:
 * there the deployment stands in the form and must be known before anything is sent.
 *
 * @throws Refusal body_undecodable, body_duplicate_key
 */
export async function modelOfForm(body: Buffer, contentType: string | undefined): Promise<FormFacts> {
  const form = await parse(body, contentType)
  return { model: only(form, 'model'), stream: only(form, 'stream') === 'true' }
}

/** Files that a form takes by their id instead of bringing them. @throws Refusal body_undecodable */
export async function referencesOfForm(body: Buffer, contentType: string | undefined): Promise<readonly Reference[]> {
  const found: Reference[] = []
  for (const [name, value] of await parse(body, contentType)) {
    // In any spelling that a lenient reader might take for the name.
    if (typeof value === 'string' && /file_ids?/i.test(name)) {
      found.push({ id: value, kind: 'file', param: 'file_id', echoed: false })
    }
  }
  return found
}

async function parse(body: Buffer, contentType: string | undefined): Promise<FormData> {
  try {
    return await new Response(new Uint8Array(body), { headers: { 'content-type': contentType ?? '' } }).formData()
  } catch (cause) {
    throw new Refusal('body_undecodable', { encoding: 'multipart/form-data' }, { cause })
  }
}

function only(form: FormData, key: string): string | null {
  const values = form.getAll(key)
  if (values.length > 1) throw new Refusal('body_duplicate_key', { key }, { param: key })
  const [value] = values
  return typeof value === 'string' ? value : null
}
