/** Bodies that are cheap to send and expensive to read: how long one call can block the gateway for all others. */

export interface Bomb {
  readonly name: string
  /** Below `/TARGET/WORKLOAD`. */
  readonly path: string
  readonly contentType: string
  /** A body of about this many bytes. */
  body(bytes: number): Buffer
}

const json = 'application/json'
const chat = '/openai/v1/chat/completions'
const responses = '/openai/v1/responses'
const embeddings = '/openai/v1/embeddings'
const boundary = 'b'
const form = `multipart/form-data; boundary=${boundary}`

function repeated(open: string, unit: string, last: string, bytes: number): Buffer {
  const count = Math.max(0, Math.floor((bytes - open.length - last.length) / unit.length))
  return Buffer.from(open + unit.repeat(count) + last)
}

const of = (name: string, path: string, open: string, unit: string, last: string, contentType = json): Bomb => ({
  name,
  path,
  contentType,
  body: bytes => repeated(open, unit, last, bytes),
})

const model = '{"model":"gpt-4o",'
const part = (name: string, more = ''): string =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n`

export const bombs: readonly Bomb[] = [
  of('a long text', chat, `${model}"messages":[{"role":"user","content":"`, 'word ', '"}]}'),
  of('a text of escaped quotes', chat, `${model}"messages":[{"role":"user","content":"`, '\\"', '"}]}'),
  of('a text of backslashes', chat, `${model}"messages":[{"role":"user","content":"`, '\\\\', '"}]}'),
  of('a text of escaped letters', chat, `${model}"messages":[{"role":"user","content":"`, '\\u0061', '"}]}'),
  of('a text of letters beyond ASCII', chat, `${model}"messages":[{"role":"user","content":"`, 'äöü', '"}]}'),
  of(
    'an image of a megabyte and more',
    chat,
    `${model}"messages":[{"image_url":"data:image/png;base64,`,
    'QUJD',
    '"}]}',
  ),
  of('many small images', chat, `${model}"messages":[`, '"data:image/png;base64,QUJD",', '1]}'),
  of('space', chat, `${model}"messages":`, ' ', '[]}'),
  of('space in between', chat, `${model}"messages":[`, `${' '.repeat(60_000)}1,`, '1]}'),
  of('one long number', chat, `${model}"x":`, '1', '}'),
  of('many numbers', embeddings, `${model}"input":[`, '1,', '1]}'),
  of('lists of numbers', embeddings, `${model}"input":[`, '[1,2,3],', '[1]]}'),
  of('empty lists', chat, `${model}"messages":[`, '[],', '[]]}'),
  of('empty objects', responses, `${model}"input":[`, '{},', '{}]}'),
  of('many lists deep', chat, `${model}"messages":`, '[', ''),
  of('many objects deep', chat, `${model}"messages":`, '{"a":', ''),
  of('members', chat, '{', '"a":1,', '"model":"gpt-4o"}'),
  of('members with escapes', chat, '{', '"\\u0061":1,', '"model":"gpt-4o"}'),
  of('nested members with escapes', responses, `${model}"input":{`, '"\\u0061":1,', '"a":1}}'),
  of('items', responses, `${model}"input":[`, '{"id":"x"},', '{}]}'),
  of('items with types', responses, `${model}"input":[`, '{"type":"reasoning","id":"rs_1"},', '{}]}'),
  of('tools', responses, `${model}"tools":[`, '{"type":"function"},', '{}]}'),
  of('ids of files', responses, `${model}"file_ids":[`, '"file-a",', '"file-b"]}'),
  of('a long model', chat, '{"model":"', 'm', '"}'),
  of('long options of a stream', chat, `${model}"stream":true,"messages":[],"stream_options":{"a":[`, '1,', '1]}}'),
  of('ids of a vector store', '/openai/v1/vector_stores', '{"file_ids":[', '"a",', '"b"]}'),
  of(
    'parts of a form',
    '/openai/v1/audio/transcriptions',
    '',
    `${part('a')}1\r\n`,
    `${part('model')}gpt-4o\r\n--${boundary}--\r\n`,
    form,
  ),
  of(
    'a file in a form',
    '/openai/v1/audio/transcriptions',
    part('file', '; filename="f"'),
    '\r\n--',
    `\r\n${part('model')}gpt-4o\r\n--${boundary}--\r\n`,
    form,
  ),
]
