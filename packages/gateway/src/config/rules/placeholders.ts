/** Values of `gatehouse config init` that must be replaced before the gateway can serve a call. */
import type { Path } from '../messages.ts'
import { type Notes, type Sections, warn } from './notes.ts'

/** Identifiers and addresses of gatehouse.example.yaml: nothing in Azure has them. */
const placeholderForms: readonly (readonly [form: RegExp, instead: string])[] = [
  [/^00000000-0000-0000-0000-[0-9a-f]{12}$/, 'an id of your own from Microsoft Entra'],
  [/^https:\/\/your-[a-z0-9-]+\.openai\.azure\.com\/?$/, 'the endpoint of your own resource'],
]

export function checkPlaceholders({ admin, identity, instances, workloads }: Sections, notes: Notes): void {
  for (const section of [{ admin }, { identity }, { instances }, { workloads }]) warnBelow(section, [], notes)
}

function warnBelow(value: unknown, path: Path, notes: Notes): void {
  if (typeof value === 'string') {
    const found = placeholderForms.find(([form]) => form.test(value))
    if (found !== undefined) warn(notes, path, value, `${found[1]}: this is a placeholder of gatehouse config init`)
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) warnBelow(item, [...path, index], notes)
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) warnBelow(item, [...path, key], notes)
  }
}
