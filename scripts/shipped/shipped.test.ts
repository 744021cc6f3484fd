/** What is shipped with the packages of this repository: its bill of materials, its notices, its licences. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Spec, Validation } from '@cyclonedx/cyclonedx-library'
import { billText } from './bill.ts'
import { developmentLicences, isAllowed, shippedLicences } from './licences.ts'
import { type Lockfile, readLockfile, type Shipped, shippedWith } from './lockfile.ts'
import { noticesText } from './notices.ts'

const lockfile = readLockfile()
const gateway = shippedWith(lockfile, 'packages/gateway')
const simulator = shippedWith(lockfile, 'packages/simulator')

/** Packages whose manifests name a licence in words of their own. */
const namedOtherwise: Readonly<Record<string, string>> = {
  // That page says public domain, or MIT. Azurite brings the package, for the tests alone.
  'node_modules/uri-templates': 'http://geraintluff.github.io/tv4/LICENSE.txt',
}

interface Bill {
  readonly metadata: { readonly component: { readonly purl: string } }
  readonly components: readonly {
    readonly purl: string
    readonly hashes?: readonly { readonly alg: string; readonly content: string }[]
  }[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[]
}

const billOf = (shipped: ReadonlyMap<string, Shipped>): Bill => JSON.parse(billText(shipped)) as Bill

test('every package that is shipped has a licence that is allowed', () => {
  const wrong = [...gateway.values()].filter(({ licence }) => !isAllowed(licence, shippedLicences))
  assert.deepEqual(wrong, [])
})

test('every package that is used for development has a licence that is allowed', () => {
  const wrong = Object.entries(lockfile).filter(
    ([place, { license = '', link }]) =>
      place.startsWith('node_modules/') &&
      link !== true &&
      namedOtherwise[place] !== license &&
      !isAllowed(license, developmentLicences),
  )
  assert.deepEqual(wrong, [])
})

test('a licence is allowed only as an id or a list of ids with OR', () => {
  const said = (text: string): boolean => isAllowed(text, shippedLicences)
  for (const text of ['MIT', '(AFL-2.1 OR BSD-3-Clause)', 'GPL-3.0 OR MIT']) assert.ok(said(text), text)
  for (const text of [
    '',
    'GPL-3.0',
    'MIT AND GPL-3.0',
    'UNLICENSED',
    'SEE LICENSE IN LICENSE',
    'MIT OR (ISC AND GPL-2.0)',
  ]) {
    assert.ok(!said(text), text)
  }
})

test('docs/dependencies.md names every licence that is allowed, and no other', () => {
  const page = readFileSync(new URL('../../docs/dependencies.md', import.meta.url), 'utf8')
  const section = page.split('\n## ').find(part => part.startsWith('Licences\n')) ?? ''
  const named = [...section.matchAll(/`([\w.-]+)`(?=[^|\n]*\|)/g)].map(([, id = '']) => id)
  assert.deepEqual(new Set(named), developmentLicences)
})

test('the bill of materials of both packages is valid by the published schema of CycloneDX 1.6', async () => {
  const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6)
  for (const shipped of [gateway, simulator]) assert.equal(await validator.validate(billText(shipped)), null)
  const unnamed = billText(gateway).replace('"name": "undici",', '')
  assert.notEqual(await validator.validate(unnamed), null, 'a component without a name is found')
  const unlicensed = billText(gateway).replace('"id": "ISC"', '"id": "Licence of nobody"')
  assert.notEqual(await validator.validate(unlicensed), null, 'an id that SPDX does not have is found')
})

test('the bill of materials lists exactly what the lockfile of an installation installs, with its digests', () => {
  const { components, metadata, dependencies } = billOf(gateway)
  const installed = Object.entries(lockfile).filter(
    ([place, entry]) => place.startsWith('node_modules/') && entry.dev !== true && entry.link !== true,
  )
  const expected = installed.map(([place, { name, version, integrity = '' }]) => {
    const named = name ?? place.slice(place.lastIndexOf('node_modules/') + 13)
    const digest = Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex')
    return `pkg:npm/${named.replace('@', '%40')}@${version} ${digest}`
  })
  const foreign = components.filter(({ purl }) => !purl.startsWith('pkg:npm/%40gatehouse/'))
  const listed = foreign.map(({ purl, hashes }) => `${purl} ${hashes?.[0]?.content}`)
  assert.deepEqual(listed.sort(), [...new Set(expected)].sort())
  assert.ok(listed.length > 100)
  const known = new Set([metadata.component.purl, ...components.map(({ purl }) => purl)])
  assert.deepEqual(new Set(dependencies.map(({ ref }) => ref)), known)
  const reached = new Set(dependencies.flatMap(({ dependsOn = [] }) => dependsOn))
  for (const { purl } of components) assert.ok(reached.has(purl), `${purl} is needed by something`)
})

test('bill and notices have the same bytes whatever order the lockfile has, and other packages give another number', () => {
  const turned = Object.fromEntries(Object.entries(lockfile).reverse()) as Lockfile
  const again = shippedWith(turned, 'packages/gateway')
  assert.equal(billText(again), billText(gateway))
  assert.equal(noticesText([...again.values()]), noticesText([...gateway.values()]))
  const number = (text: string): string | undefined => /"serialNumber": "(.*)"/.exec(text)?.[1]
  const fewer = new Map([...gateway].filter(([, { name }]) => name !== 'undici'))
  assert.notEqual(number(billText(fewer)), number(billText(gateway)))
})

test('the notices have every package that is shipped, and the text of its licence', () => {
  const text = noticesText([...gateway.values()])
  for (const { name, version, licence, integrity } of gateway.values()) {
    assert.equal(text.includes(`\n${name} ${version} (${licence})\n`), integrity !== null, name)
  }
  for (const notice of text.split(/^-{80}$/m).slice(1)) {
    const [packages = '', ...licence] = notice.trim().split('\n\n')
    assert.match(
      licence.join('\n\n'),
      /Permission is hereby granted|Apache License|Redistribution|Permission to use/,
      packages,
    )
  }
  assert.match(text, /OpenSSL/, 'the licence of Node names what Node is made of')
  assert.match(text, /Apache Arrow/, 'a notice file is there too')
})

test('a package without a text of its licence is an error that names it', () => {
  const [own] = gateway.values()
  assert.ok(own)
  const odd = { ...own, name: 'odd', licence: 'ISC', integrity: 'sha512-', place: 'node_modules/odd' }
  assert.throws(() => noticesText([own, odd]), /odd brings no text of its licence, ISC/)
})
