import type { Value } from './query.ts'

/** Settings with all words in their path or value, of the file alone where only these are wanted. */
export function valuesFound(values: readonly Value[], find: string, onlyWritten: boolean): readonly Value[] {
  const words = find
    .toLowerCase()
    .split(/\s+/)
    .filter(word => word !== '')
  return values.filter(({ path, value, from, source }) => {
    if (onlyWritten && source === 'default') return false
    const said = `${path} ${value ?? ''} ${from ?? ''}`.toLowerCase()
    return words.every(word => said.includes(word))
  })
}
