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
  let form: FormData
  try {
    form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType ?? '' } }).formData()
  } catch (cause) {
    throw new Refusal('body_undecodable', { encoding: 'multipart/form-data' }, { cause })
  }
  return { model: only(form, 'model'), stream: only(form, 'stream') === 'true' }
}

function only(form: FormData, key: string): string | null {
  const values = form.getAll(key)
  if (values.length > 1) throw new Refusal('body_duplicate_key', { key }, { param: key })
  const [value] = values
  return typeof value === 'string' ? value : null
}
