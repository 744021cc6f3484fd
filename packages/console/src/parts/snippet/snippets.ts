/** The call of a record as a command or a program, to send it again. Address and token come from the environment. */

export interface Call {
  readonly method: string
  readonly path: string
  readonly contentType: string | null
  /** Null where it is not known; `file` where it is no text, and is read from `bodyFile`. */
  readonly body: string | { readonly file: typeof bodyFile } | null
}

export const bodyFile = 'request.bin'

export const snippetKinds = ['curl', 'Python', 'Node'] as const
export type SnippetKind = (typeof snippetKinds)[number]

export function snippetOf(kind: SnippetKind, call: Call): string {
  return writers[kind](call)
}

const writers: Readonly<Record<SnippetKind, (call: Call) => string>> = {
  curl({ method, path, contentType, body }) {
    const lines = [
      `curl -X ${inShell(method)} "$GATEHOUSE_URL"${inShell(path)}`,
      `-H "Authorization: Bearer $GATEHOUSE_TOKEN"`,
      ...(contentType === null ? [] : [`-H ${inShell(`content-type: ${contentType}`)}`]),
      ...(body === null ? [] : [`--data-binary ${typeof body === 'string' ? inShell(body) : `@${body.file}`}`]),
    ]
    return lines.join(' \\\n  ')
  },
  Python({ method, path, contentType, body }) {
    return [
      'import os, urllib.request',
      '',
      'request = urllib.request.Request(',
      `    os.environ["GATEHOUSE_URL"] + ${inPython(path)},`,
      `    method=${quoted(method)},`,
      `    headers={"authorization": "Bearer " + os.environ["GATEHOUSE_TOKEN"]${headerText(contentType)}},`,
      ...(body === null
        ? []
        : [
            `    data=${typeof body === 'string' ? `${inPython(body)}.encode()` : `open(${quoted(body.file)}, "rb")`},`,
          ]),
      ')',
      'print(urllib.request.urlopen(request).read().decode())',
    ].join('\n')
  },
  Node({ method, path, contentType, body }) {
    return [
      ...(body === null || typeof body === 'string' ? [] : ['import { readFile } from "node:fs/promises"', '']),
      `const response = await fetch(process.env.GATEHOUSE_URL + ${quoted(path)}, {`,
      `  method: ${quoted(method)},`,
      `  headers: { "authorization": \`Bearer \${process.env.GATEHOUSE_TOKEN}\`${headerText(contentType)} },`,
      ...(body === null
        ? []
        : [`  body: ${typeof body === 'string' ? quoted(body) : `await readFile(${quoted(body.file)})`},`]),
      '})',
      'console.log(await response.text())',
    ].join('\n')
  },
}

function headerText(contentType: string | null): string {
  return contentType === null ? '' : `, "content-type": ${quoted(contentType)}`
}

/** A literal of JavaScript: all but printable ASCII is escaped. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(/[^\x20-\x7e]/g, unit => `\\u${hex(unit.charCodeAt(0), 4)}`)
}

/** A literal of Python, where a character beyond the first plane is one escape. */
function inPython(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(/[^\x20-\x7e]/gu, character => {
    const point = character.codePointAt(0) ?? 0
    return point > 0xffff ? `\\U${hex(point, 8)}` : `\\u${hex(point, 4)}`
  })
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}

function inShell(text: string): string {
  return /^[\w./:=?&%-]+$/.test(text) && !text.includes('&') && !text.includes('?')
    ? text
    : `'${text.replaceAll("'", "'\\''")}'`
}
