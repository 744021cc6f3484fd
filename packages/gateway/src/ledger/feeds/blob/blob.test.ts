import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import {
  type ContainerClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  RestError,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import { selfMadeCertificate } from '@gatehouse/simulator'
import { temporaryDirectory } from '../../../../../../test/support/directory.ts'
import { closedPort } from '../../../../../../test/support/ports.ts'
import { soon } from '../../../../../../test/support/wait.ts'
import { type FiledRecord, recordsInLines, recordsInParquet, withoutDoubles } from '../files/files.fixture.ts'
import { assertAsRecorded, type Ended, endedLedger, type StartedRunner, startRunner } from '../filing/filing.fixture.ts'
import {
  type Azurite,
  azuriteAccount,
  azuriteKey,
  blobNames,
  downloadAll,
  type Fate,
  startAzurite,
  startFaultyProxy,
} from './azurite.fixture.ts'
import { ContainerPlace } from './container.ts'
import { openBlobFeed } from './index.ts'
import type { BlobSettings } from './settings.ts'

const stallMs = 60_000
type Bodies = Parameters<typeof endedLedger>[1]
const few = ['text', 'audio'] as const
const withLarge = ['text', 'audio', 'large'] as const

const blobRunner = (
  t: TestContext,
  ended: Pick<Ended, 'directory'>,
  settings: Partial<BlobSettings> & Pick<BlobSettings, 'account'>,
  stall = stallMs,
): Promise<StartedRunner> => {
  const all: BlobSettings = {
    ...{ container: 'ledger', prefix: '', credential: { key: azuriteKey } },
    ...{ format: 'jsonl', form: 'gatehouse', columns: null, bodies: true },
    ...settings,
  }
  return startRunner(t, ended, parts => openBlobFeed(all, parts, stall))
}

async function readyContainer(azurite: Azurite): Promise<ContainerClient> {
  const container = azurite.container('ledger')
  await container.create()
  return container
}

/** @param isRead false for blobs that are left out. */
async function recordsOf(container: ContainerClient, isRead?: (name: string) => boolean): Promise<FiledRecord[]> {
  const directory = temporaryDirectory('ledger')
  await downloadAll(container, directory, isRead)
  return recordsInLines(directory)
}

interface Manifest {
  readonly feed: string
  readonly files: readonly { readonly file: string; readonly records: number; readonly bytes: number }[]
}

// An archive that differs from the ledger is worth nothing to an auditor.
for (const format of ['jsonl', 'parquet'] as const) {
  test(`blobs of ${format} have every field and every byte of the bodies, and the manifest lists them`, async t => {
    const [ended, azurite] = [await endedLedger(t), await startAzurite(t)]
    const container = await readyContainer(azurite)
    const { runner, log } = await blobRunner(t, ended, { account: azurite.account, format, prefix: '/gatehouse/a/' })
    await runner.caughtUp()
    const directory = temporaryDirectory('ledger')
    const names = await downloadAll(container, directory)
    const top = join(directory, 'gatehouse', 'a')
    const read = format === 'jsonl' ? recordsInLines(top) : await recordsInParquet(top)
    assertAsRecorded(read, ended.rows, format)
    assert.deepEqual(log.lines, [])
    const [path, ...others] = names.filter(name => name.includes('/_manifests/'))
    assert.ok(path !== undefined && others.length === 0 && /^gatehouse\/a\/_manifests\/archive-.+\.json$/.test(path))
    const manifest = JSON.parse(readFileSync(join(directory, path), 'utf8')) as Manifest
    const listed = manifest.files.map(({ file, bytes }) => [`gatehouse/a/${file}`, bytes])
    const found = names.filter(name => name !== path).map(name => [name, readFileSync(join(directory, name)).length])
    assert.deepEqual(listed.toSorted(), found.toSorted())
    assert.equal(found.length, 7)
    assert.match(String(found[0]?.[0]), /^gatehouse\/a\/day=2026-11-26\/hour=14\/archive-.+/)
    const { sent, sentBytes, lagRecords } = runner.progress()
    const bytes = manifest.files.reduce((sum, one) => sum + one.bytes, 0)
    assert.deepEqual([sent, sentBytes, lagRecords], [ended.rows.size, bytes, 0])
    assert.ok(!existsSync(join(ended.directory, 'cursors', 'archive.tmp')))
  })
}

test('a blob has the checksum and the type of its content', async t => {
  const [ended, azurite] = [await endedLedger(t), await startAzurite(t)]
  const container = await readyContainer(azurite)
  await (await blobRunner(t, ended, { account: azurite.account })).runner.caughtUp()
  for await (const { name, properties } of container.listBlobsFlat()) {
    const content = await container.getBlobClient(name).downloadToBuffer()
    const md5 = createHash('md5').update(content).digest('hex')
    assert.equal(Buffer.from(properties.contentMD5 ?? []).toString('hex'), md5)
    assert.equal(properties.contentType, name.startsWith('_') ? 'application/json' : 'application/x-ndjson')
  }
})

/** The message with which the feed fails; it and the log name no credential. */
async function failureOf({ runner, log }: StartedRunner, ...secrets: readonly string[]): Promise<string> {
  const failure = await runner.caughtUp().then(
    () => assert.fail('the feed did not fail'),
    (error: unknown) => error,
  )
  const { lastError, sent } = runner.progress()
  assert.ok(failure instanceof Error && lastError === failure.message)
  assert.equal(sent, 0)
  const said = `${lastError} ${JSON.stringify(log.lines)} ${String(failure.cause)}`
  for (const secret of [azuriteKey, ...secrets]) assert.ok(!said.includes(secret), said)
  return failure.message
}

test('a container that does not exist is named, and everything is written once it is there', async t => {
  const [ended, azurite] = [await endedLedger(t, few), await startAzurite(t)]
  const started = await blobRunner(t, ended, { account: azurite.account })
  assert.match(
    await failureOf(started),
    /\/ledger: the container does not exist\. Create it.*\(404 ContainerNotFound\)/,
  )
  const container = await readyContainer(azurite)
  await started.runner.caughtUp()
  assertAsRecorded(await recordsOf(container), ended.rows, 'jsonl')
})

/** A signature for the container, as the portal makes one. */
function signature(permissions: string, expiresOn: Date): string {
  const credential = new StorageSharedKeyCredential(azuriteAccount, azuriteKey)
  const values = { containerName: 'ledger', permissions: ContainerSASPermissions.parse(permissions), expiresOn }
  return generateBlobSASQueryParameters({ ...values, protocol: SASProtocol.HttpsAndHttp }, credential).toString()
}

const tomorrow = (): Date => new Date(Date.now() + 86_400_000)

test('a signature that may create and write is enough, with and without its question mark', async t => {
  const [ended, azurite] = [await endedLedger(t, few), await startAzurite(t)]
  const container = await readyContainer(azurite)
  for (const sas of [signature('cw', tomorrow()), `?${signature('cw', tomorrow())}`]) {
    const { runner } = await blobRunner(t, ended, { account: azurite.account, credential: { sas } })
    await runner.rewind(0)
    await runner.caughtUp()
  }
  const records = await recordsOf(container)
  assert.deepEqual([records.length, withoutDoubles(records).size], [2 * ended.rows.size, ended.rows.size])
})

test('a connection string names the account', async t => {
  const [ended, azurite] = [await endedLedger(t, few), await startAzurite(t)]
  const container = await readyContainer(azurite)
  const { connectionString } = azurite
  const { runner } = await blobRunner(t, ended, { account: undefined, credential: { connectionString } })
  await runner.caughtUp()
  assertAsRecorded(await recordsOf(container), ended.rows, 'jsonl')
})

const portOfNobody = await closedPort()
const otherKey = Buffer.from('another key of the same length as the right one, and wrong......').toString('base64')
const refused: readonly (readonly [
  what: string,
  settings: (azurite: Azurite) => Partial<BlobSettings>,
  message: RegExp,
])[] = [
  [
    'a wrong key',
    () => ({ credential: { key: otherKey } }),
    /refuses the credential.*Check the key.*\(403 AuthorizationFailure\)/,
  ],
  [
    'a signature that has expired',
    () => ({ credential: { sas: signature('cw', new Date(Date.now() - 60_000)) } }),
    /refuses the credential.*end of the signature.*\(403 AuthorizationFailure\)/,
  ],
  [
    'a signature that may only read',
    () => ({ credential: { sas: signature('r', tomorrow()) } }),
    /permissions.*\(403 Authorization\w+\)/,
  ],
  [
    'an account that is not there',
    ({ account }) => ({ account: account.replace(azuriteAccount, 'otheraccount') }),
    /otheraccount\/ledger: .*\(40[34] \w+\)/,
  ],
  [
    'a host that cannot be resolved',
    () => ({ account: `https://${azuriteAccount}.blob.invalid` }),
    /cannot be resolved.*\((ENOTFOUND|EAI_AGAIN)\)/,
  ],
  [
    'an address where nothing listens',
    () => ({ account: `http://127.0.0.1:${portOfNobody}/${azuriteAccount}` }),
    /nothing listens/,
  ],
  [
    'a connection string that is none',
    () => ({ account: undefined, credential: { connectionString: 'AccountKey=abcdefgh' } }),
    /connection string is not one of a storage account/,
  ],
]
for (const [what, settings, message] of refused) {
  test(`${what} fails the feed with the reason and without the credential, and nothing is lost`, async t => {
    const [ended, azurite] = [await endedLedger(t, few), await startAzurite(t)]
    const container = await readyContainer(azurite)
    const wrong = { account: azurite.account, ...settings(azurite) }
    const sas = typeof wrong.credential === 'object' && 'sas' in wrong.credential ? wrong.credential.sas : null
    const secrets = sas === null ? [otherKey, 'abcdefgh'] : [new URLSearchParams(sas).get('sig') ?? '', sas]
    assert.match(await failureOf(await blobRunner(t, ended, wrong), ...secrets), message)
    assert.deepEqual(await blobNames(container), [])
    const { runner } = await blobRunner(t, ended, { account: azurite.account })
    await runner.caughtUp()
    assertAsRecorded(await recordsOf(container), ended.rows, 'jsonl')
  })
}

/** A feed through a proxy that treats each request as the test says. */
async function throughProxy(t: TestContext, bodies: Bodies, fateOf: (request: string) => Fate, stall?: number) {
  const [ended, azurite] = [await endedLedger(t, bodies), await startAzurite(t)]
  const container = await readyContainer(azurite)
  const proxy = await startFaultyProxy(t, azurite, fateOf)
  const started = await blobRunner(t, ended, { account: proxy.account }, stall)
  return { ...started, ended, container, proxy, started, azurite }
}

const isBlock = (request: string): boolean => request.includes('comp=block&')
const isCommit = (request: string): boolean => request.includes('comp=blocklist')

test('an account that is busy for a moment gets everything, without doubles', async t => {
  let busy = 2
  const { runner, ended, container, log } = await throughProxy(t, few, () => (busy-- > 0 ? 'busy' : 'forward'))
  await runner.caughtUp()
  assertAsRecorded(await recordsOf(container), ended.rows, 'jsonl')
  assert.deepEqual(log.lines, [])
})

test('an account that stays busy is named, and gets everything later', async t => {
  let isBusy = true
  const { started, runner, ended, container } = await throughProxy(t, few, () => (isBusy ? 'busy' : 'forward'))
  assert.match(await failureOf(started), /the account is busy.*\(503 ServerBusy\)/)
  isBusy = false
  await runner.caughtUp()
  assertAsRecorded(await recordsOf(container), ended.rows, 'jsonl')
})

// A reader must never meet a file whose end is missing.
test('a network that breaks in the middle of a large file leaves no blob of it, and it comes whole later', async t => {
  let isBroken = true
  let blocks = 0
  const { started, runner, ended, container, proxy } = await throughProxy(t, withLarge, request =>
    isBroken && isBlock(request) && ++blocks > 2 ? 'cut' : 'forward',
  )
  assert.match(await failureOf(started), /the connection broke/)
  const before = withoutDoubles(await recordsOf(container))
  assert.ok(![...before.values()].some(({ workload }) => workload === 'large'))
  assert.ok(!(await blobNames(container)).some(name => name.startsWith('_manifests/')), 'no manifest of half a batch')
  isBroken = false
  await runner.caughtUp()
  const listed = await manifested(container)
  assertAsRecorded(await recordsOf(container, name => listed.has(name)), ended.rows, 'jsonl')
  assert.ok(proxy.seen.filter(isBlock).length >= 5, 'a file of 20 MiB goes in blocks of 4')
})

/** Names of the files that manifests list. */
async function manifested(container: ContainerClient): Promise<ReadonlySet<string>> {
  const names = (await blobNames(container)).filter(name => name.startsWith('_manifests/'))
  const manifests = await Promise.all(
    names.map(async name => JSON.parse(String(await container.getBlobClient(name).downloadToBuffer())) as Manifest),
  )
  return new Set(manifests.flatMap(({ files }) => files.map(({ file }) => file)))
}

test('an upload of which the answer is lost counts as done', async t => {
  let lost = 0
  const { runner, ended, container } = await throughProxy(t, withLarge, request => {
    const isFirst = (isCommit(request) || request.includes('_manifests')) && lost++ < 2
    return isFirst && request.startsWith('PUT') ? 'lose-answer' : 'forward'
  })
  await runner.caughtUp()
  assertAsRecorded(await recordsOf(container), ended.rows, 'jsonl')
  assert.equal(runner.progress().retried, 0)
})

test('an upload in which nothing arrives any more is given up and tried again', async t => {
  const fate = (request: string): Fate => (isBlock(request) ? 'swallow' : 'forward')
  const { started, ended, container, azurite } = await throughProxy(t, withLarge, fate, 500)
  assert.match(await failureOf(started), /nothing has arrived for 0\.5 s/)
  const { runner } = await blobRunner(t, ended, { account: azurite.account })
  await runner.caughtUp()
  assert.equal(withoutDoubles(await recordsOf(container)).size, ended.rows.size)
})

test('a local firewall and a full disk of this machine get different messages', () => {
  const place = new ContainerPlace({
    ...{ feed: 'archive', temporary: '/ledger/cursors/archive.tmp', where: 'contoso/ledger', prefix: '', stallMs },
    ...{ contentType: 'text/plain', open: () => assert.fail() },
  })
  const said = (error: unknown): string => String(place.explain(error))
  assert.match(said(new RestError('connect', { code: 'EACCES' })), /contoso\/ledger: a firewall.*\(EACCES\)/)
  assert.match(said(Object.assign(new Error('write'), { code: 'ENOSPC' })), /\/ledger\/cursors: the disk is full/)
})

test('a name that is taken is never written over', async t => {
  const azurite = await startAzurite(t)
  const container = await readyContainer(azurite)
  const directory = temporaryDirectory('ledger')
  const place = new ContainerPlace({
    ...{ feed: 'archive', temporary: join(directory, 'tmp'), where: 'here', prefix: '', contentType: 'text/plain' },
    ...{ open: async () => container, stallMs },
  })
  await place.prepare()
  const publish = async (content: string): Promise<void> => {
    const temporary = join(directory, 'file')
    writeFileSync(temporary, content)
    const facts = { records: 1, firstEndedAtMs: 0, lastEndedAtMs: 0, bytes: content.length }
    await place.publish([{ temporary, hour: 'day=2026-11-26/hour=14', name: 'archive-1.jsonl', ...facts }])
  }
  await publish('first')
  await assert.rejects(publish('other'), { code: 'BlobAlreadyExists' })
  const blob = container.getBlobClient('day=2026-11-26/hour=14/archive-1.jsonl')
  assert.equal(String(await blob.downloadToBuffer()), 'first')
})

// A gateway that is killed while it uploads must leave nothing that looks like a file, and lose nothing.
test('a process that is killed in the middle of an upload leaves no blob of it, and the next one writes everything', async t => {
  const [ended, azurite] = [await endedLedger(t, withLarge), await startAzurite(t)]
  const container = await readyContainer(azurite)
  const stuck = Promise.withResolvers<void>()
  let blocks = 0
  const proxy = await startFaultyProxy(t, azurite, request => {
    if (!isBlock(request) || ++blocks <= 2) return 'forward'
    stuck.resolve()
    return 'swallow'
  })
  const child = fork(new URL('./uploader.fixture.ts', import.meta.url), [ended.directory, proxy.account])
  t.after(() => child.kill('SIGKILL'))
  await soon('the third block', stuck.promise, 60_000)
  child.kill('SIGKILL')
  await once(child, 'exit')
  const left = join(ended.directory, 'cursors', 'archive.tmp')
  assert.ok(existsSync(left))
  const before = withoutDoubles(await recordsOf(container))
  assert.ok(![...before.values()].some(({ workload }) => workload === 'large'))
  const { runner } = await blobRunner(t, ended, { account: azurite.account })
  await runner.caughtUp()
  assert.ok(!existsSync(left))
  const listed = await manifested(container)
  assertAsRecorded(await recordsOf(container, name => listed.has(name)), ended.rows, 'jsonl')
})

test('a managed identity gets a token for the account and needs nothing else', async t => {
  const tls = selfMadeCertificate(Date.now())
  setDefaultCACertificates([...getCACertificates('default'), tls.certificate])
  const [ended, azurite] = [await endedLedger(t, few), await startAzurite(t, tls)]
  const container = await readyContainer(azurite)
  const resources: (string | null)[] = []
  const identity = createServer((request, response) => {
    resources.push(new URL(request.url ?? '', 'http://here').searchParams.get('resource'))
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ ...storageToken(), token_type: 'Bearer', resource: 'https://storage.azure.com' }))
  }).listen(0, '127.0.0.1')
  await once(identity, 'listening')
  t.after(() => identity.close())
  process.env['IDENTITY_ENDPOINT'] = `http://127.0.0.1:${(identity.address() as AddressInfo).port}/msi/token`
  process.env['IDENTITY_HEADER'] = 'header-of-the-identity'
  t.after(() => {
    delete process.env['IDENTITY_ENDPOINT']
    delete process.env['IDENTITY_HEADER']
  })
  const { runner } = await blobRunner(t, ended, { account: azurite.account, credential: 'managed-identity' })
  await runner.caughtUp()
  assertAsRecorded(await recordsOf(container), ended.rows, 'jsonl')
  assert.deepEqual(resources, ['https://storage.azure.com'])
})

/** What an identity endpoint answers; the emulator reads the claims and checks no signature. */
function storageToken(): { readonly access_token: string; readonly expires_on: string } {
  const expires = Math.floor(Date.now() / 1_000) + 86_400
  const claims = {
    ...{ aud: 'https://storage.azure.com', iss: 'https://sts.windows.net/11111111-2222-3333-4444-555555555555/' },
    ...{ nbf: expires - 90_000, iat: expires - 90_000, exp: expires },
  }
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return {
    access_token: `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.c2lnbmF0dXJl`,
    expires_on: String(expires),
  }
}
