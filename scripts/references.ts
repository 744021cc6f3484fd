/** Links, names of files and headings in documents and comments, and where they lead. */
import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Source, Sources } from './sources.ts'

/**
 * References that lead nowhere: links of pages with their anchors, and names of files in comments and between
 * backquotes that look like paths of this repository.
 */
export function deadReferences(sources: Sources, root: string): readonly string[] {
  const names = new Set([...sources.code, ...sources.pages].map(({ path }) => basename(path)))
  const anchors = new Map(sources.pages.map(({ path, text }) => [path, anchorsOf(text)]))
  const inPages = sources.pages.flatMap(page => [
    ...deadLinks(page, root, anchors),
    // What links name has been looked for above.
    ...deadPaths(page, root, names, page.text.replace(linkForm, '')),
  ])
  const inCode = sources.code
    .filter(({ path }) => path !== 'scripts/structure.test.ts')
    .flatMap(source => deadPaths(source, root, names, commentsOf(source)))
  return [...inPages, ...inCode]
}

const linkForm = /\[[^\]\n]*\]\(([^)\s]+)\)/g

function deadLinks(
  { path, text }: Source,
  root: string,
  anchors: ReadonlyMap<string, ReadonlySet<string>>,
): readonly string[] {
  return [...withoutFences(text).matchAll(linkForm)].flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return []
    const [file = '', anchor] = target.split('#')
    const linked = file === '' ? path : join(dirname(path), file)
    if (!existsSync(join(root, linked))) return [`${path}: ${target} does not exist`]
    const known = anchors.get(linked)
    return anchor === undefined || known === undefined || known.has(anchor)
      ? []
      : [`${path}: ${target}: the page has no such heading`]
  })
}

/** GitHub's anchors of headings. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const found = new Set<string>()
  for (const [, heading = ''] of withoutFences(text).matchAll(/^#{1,6} +(.+)$/gm)) {
    const words = heading.toLowerCase().replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    const anchor = words.replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')
    let name = anchor
    for (let number = 1; found.has(name); number += 1) name = `${anchor}-${number}`
    found.add(name)
  }
  return found
}

function withoutFences(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '')
}

const pathForm = /(?<![\w./-])((?:\.{1,2}\/)?(?:[\w-]+\/)+[\w.-]+\.(?:ts|mjs|md|lua|json))\b/g

/** Files of other repositories that are named. */
const elsewhere: Readonly<Record<string, string>> = { 'pricing/azure-openai.json': 'github.com/Portkey-AI/models' }

const nameForm = /(?<![\w./@-])([\w-]+(?:\.[\w-]+)*\.(?:ts|mjs|md|lua))\b(?![\w/-])/g

/**
 * Folders to which a path in prose may be relative: the root, a package, its sources, the file's own. A name without a
 * folder must be that of a file in some folder.
 */
function deadPaths({ path }: Source, root: string, names: ReadonlySet<string>, prose: string): readonly string[] {
  const bases = [
    '.',
    'packages',
    'packages/gateway',
    'packages/simulator',
    'packages/gateway/src',
    'packages/simulator/src',
    'packages/gateway/src/gateway',
  ]
  const bare = [...prose.matchAll(nameForm)].flatMap(([, name = '']) =>
    names.has(name) ? [] : [`${path}: no file is called ${name}`],
  )
  const inFolders = [...prose.matchAll(pathForm)].flatMap(([, name = '']) => {
    if (name.includes('node_modules/') || name in elsewhere) return []
    const beside: string[] = []
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) beside.push(folder)
    return [...beside, ...bases].some(base => existsSync(join(root, base, name)))
      ? []
      : [`${path}: ${name} does not exist`]
  })
  return [...bare, ...inFolders]
}

/** Comments only: a string of code may name files that a user has. */
function commentsOf({ path, text }: Source): string {
  if (path.endsWith('.lua')) return [...text.matchAll(/--.*$/gm)].map(([comment]) => comment).join('\n')
  return [...text.matchAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm)].map(([comment]) => comment).join('\n')
}
