import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * The annotated example that the package brings, gatehouse.example.yaml: the only source of `gatehouse config init`.
 */
export function exampleText(): Promise<string> {
  return readFile(join(import.meta.dirname, '../../gatehouse.example.yaml'), 'utf8')
}
