/**
 * Checks of the structure of sources and documentation, each by its name:
 *   node scripts/run.mjs scripts/structure.ts [NAME...]   without names: all
 * Exit code 1 with a line per finding.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { forbiddenImports, importCircles, readImports, unlistedRooms } from './imports.ts'
import { deadReferences } from './references.ts'
import { longSources, misplacedDependencies, readOperations, readSources, timedTests, wideComments } from './sources.ts'
import { archaicWords, descriptionsOf, proseOf, textsOf, yamlCommentsOf } from './words.ts'

const root = dirname(import.meta.dirname)

const checks: Readonly<Record<string, () => readonly string[]>> = {
  circles: () => importCircles(readImports(root)).map(files => `a circle of imports: ${files.join(', ')}`),
  downwards: () => [...unlistedRooms(readImports(root)), ...forbiddenImports(readImports(root))],
  length: () => longSources(readSources(root).code),
  width: () => wideComments(readSources(root).code),
  references: () => deadReferences(readSources(root), root),
  dependencies: () => misplacedDependencies(readSources(root).code, root),
  words: () => {
    const { pages, code } = readSources(root)
    const prose = pages.map(proseOf)
    const example = 'packages/gateway/gatehouse.example.yaml'
    const comments = yamlCommentsOf({ path: example, text: readFileSync(join(root, example), 'utf8') })
    return [
      ...archaicWords([...prose, comments]),
      ...archaicWords(code.map(textsOf)),
      ...archaicWords(readOperations(root).map(descriptionsOf)),
    ]
  },
  timed: () => timedTests(readSources(root).code),
}

const names = process.argv.slice(2)
const unknown = names.find(name => !(name in checks))
if (unknown !== undefined) {
  process.stderr.write(`✗ usage  no check is called ${unknown}\n  There are ${Object.keys(checks).join(', ')}.\n`)
  process.exit(2)
}
let found = 0
for (const [name, check] of Object.entries(checks)) {
  if (names.length > 0 && !names.includes(name)) continue
  for (const finding of check()) {
    found += 1
    process.stderr.write(`${name}: ${finding}\n`)
  }
}
process.exit(found === 0 ? 0 : 1)
