/**
 * Characters that JSON leaves unescaped and a terminal acts on: DEL and the C1 controls (ECMA-48; U+009B begins an
 * escape sequence), and the characters that change the direction of writing (Unicode, UAX 9).
 */
const unsafe = /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/
const all = new RegExp(unsafe, 'g')

/** JSON text with these characters escaped. A parser reads the same value. */
export function escapeControls(json: string): string {
  if (!unsafe.test(json)) return json
  return json.replace(all, found => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** Control characters, and those that turn the direction of writing, become a middle dot. Line feeds and tabs stay. */
export function dotControls(text: string): string {
  return text.replace(control, '·')
}
