/** `THIRD-PARTY-NOTICES`: the licence texts of what an installation has besides Gatehouse itself. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { compare, type Shipped } from './lockfile.ts'

const root = dirname(dirname(import.meta.dirname))

/**
 * Packages that are one per platform, of which npm installs a single one, and where the text of all of them is: so the
 * notices are the same on every machine.
 */
const families: readonly (readonly [member: RegExp, textAt: (installed: string) => boolean])[] = [
  [/^@duckdb\/node-bindings-/, name => name === '@duckdb/node-bindings'],
  [/^@node-rs\/crc32-/, name => name === '@node-rs/crc32'],
  [/^node-(?:bin-)?(?:linux|darwin|win)-/, name => /^node-(?:bin-)?(?:linux|darwin|win)-/.test(name)],
]

interface Notice {
  readonly packages: readonly string[]
  readonly text: string
}

/**
 * @param shipped of `shippedWith`.
 * @returns the file's text: each licence text once, after the names of the packages that have it.
 * @throws Error when a package has neither a text nor a licence whose text is known.
 */
export function noticesText(shipped: readonly Shipped[]): string {
  const [own, ...others] = shipped
  const foreign = others.filter(({ integrity }) => integrity !== null)
  const notices: readonly Notice[] = Map.groupBy(foreign, one => textOf(one, foreign))
    .entries()
    .map(([text, packages]) => ({ text, packages: packages.map(lineOf) }))
    .toArray()
    .sort((one, other) => compare(one.packages.join(), other.packages.join()))
  const head =
    `${own?.name} ${own?.version} is under the licence in the file LICENSE. An installation also has these packages,\n` +
    'each under the licence that follows its name. Of packages that are one per platform, an installation has one.\n'
  return [head, ...notices.map(({ packages, text }) => `${packages.join('\n')}\n\n${text}\n`)].join(`\n${line}\n\n`)
}

const line = '-'.repeat(80)

function lineOf({ name, version, licence }: Shipped): string {
  return `${name} ${version} (${licence})`
}

function textOf(one: Shipped, all: readonly Shipped[]): string {
  const family = families.find(([member]) => member.test(one.name))
  const places =
    family === undefined ? [one.place] : all.filter(({ name }) => family[1](name)).map(({ place }) => place)
  const texts = places.map(place => filesIn(join(root, place))).filter(text => text !== '')
  return texts[0] ?? standardText(one)
}

/** LICENSE and NOTICE of a folder, with the same line ends and without blanks at ends of lines. */
function filesIn(folder: string): string {
  if (!existsSync(folder)) return ''
  return readdirSync(folder)
    .filter(name => /^(?:licen[cs]e|copying|notice)(?:[.-]|$)/i.test(name))
    .sort(compare)
    .map(name =>
      readFileSync(join(folder, name), 'utf8')
        .replace(/[ \t\r]+$/gm, '')
        .trim(),
    )
    .join('\n\n')
}

/** The text of the MIT licence, as in the file LICENSE, for packages that name it and bring no text. */
function standardText({ name, licence, place }: Shipped): string {
  if (licence !== 'MIT') throw new Error(`${name} brings no text of its licence, ${licence}: add it to the notices`)
  const { author }: { author?: string | { readonly name: string } } = JSON.parse(
    readFileSync(join(root, place, 'package.json'), 'utf8'),
  )
  const holder = typeof author === 'object' ? author.name : author?.replace(/ *[<(].*$/, '')
  const text = readFileSync(join(root, 'LICENSE'), 'utf8').trim()
  return text.replace(/^Copyright .*$/m, `Copyright (c) ${holder ?? `the authors of ${name}`}`)
}
